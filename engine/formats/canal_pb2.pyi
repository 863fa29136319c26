from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PacketType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PACKET_UNKNOWN: _ClassVar[PacketType]
    PACKET_HANDSHAKE: _ClassVar[PacketType]
    PACKET_CLIENTAUTHENTICATION: _ClassVar[PacketType]
    PACKET_ACK: _ClassVar[PacketType]
    PACKET_SUBSCRIPTION: _ClassVar[PacketType]
    PACKET_UNSUBSCRIPTION: _ClassVar[PacketType]
    PACKET_GET: _ClassVar[PacketType]
    PACKET_MESSAGES: _ClassVar[PacketType]
    PACKET_CLIENTACK: _ClassVar[PacketType]
    PACKET_SHUTDOWN: _ClassVar[PacketType]
    PACKET_DUMP: _ClassVar[PacketType]
    PACKET_HEARTBEAT: _ClassVar[PacketType]
    PACKET_CLIENTROLLBACK: _ClassVar[PacketType]

class Compression(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COMPRESSION_UNKNOWN: _ClassVar[Compression]
    COMPRESSION_NONE: _ClassVar[Compression]
    COMPRESSION_ZLIB: _ClassVar[Compression]
    COMPRESSION_GZIP: _ClassVar[Compression]
    COMPRESSION_LZF: _ClassVar[Compression]

class EntryType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENTRY_UNKNOWN: _ClassVar[EntryType]
    ENTRY_TRANSACTIONBEGIN: _ClassVar[EntryType]
    ENTRY_ROWDATA: _ClassVar[EntryType]
    ENTRY_TRANSACTIONEND: _ClassVar[EntryType]
    ENTRY_HEARTBEAT: _ClassVar[EntryType]
    ENTRY_GTIDLOG: _ClassVar[EntryType]

class SourceType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SOURCE_UNKNOWN: _ClassVar[SourceType]
    SOURCE_ORACLE: _ClassVar[SourceType]
    SOURCE_MYSQL: _ClassVar[SourceType]
    SOURCE_PGSQL: _ClassVar[SourceType]

class EventType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVENT_UNKNOWN: _ClassVar[EventType]
    EVENT_INSERT: _ClassVar[EventType]
    EVENT_UPDATE: _ClassVar[EventType]
    EVENT_DELETE: _ClassVar[EventType]
    EVENT_CREATE: _ClassVar[EventType]
    EVENT_ALTER: _ClassVar[EventType]
    EVENT_ERASE: _ClassVar[EventType]
    EVENT_QUERY: _ClassVar[EventType]
    EVENT_TRUNCATE: _ClassVar[EventType]
    EVENT_RENAME: _ClassVar[EventType]
    EVENT_CINDEX: _ClassVar[EventType]
    EVENT_DINDEX: _ClassVar[EventType]
    EVENT_GTID: _ClassVar[EventType]
    EVENT_XACOMMIT: _ClassVar[EventType]
    EVENT_XAROLLBACK: _ClassVar[EventType]
    EVENT_MHEARTBEAT: _ClassVar[EventType]
PACKET_UNKNOWN: PacketType
PACKET_HANDSHAKE: PacketType
PACKET_CLIENTAUTHENTICATION: PacketType
PACKET_ACK: PacketType
PACKET_SUBSCRIPTION: PacketType
PACKET_UNSUBSCRIPTION: PacketType
PACKET_GET: PacketType
PACKET_MESSAGES: PacketType
PACKET_CLIENTACK: PacketType
PACKET_SHUTDOWN: PacketType
PACKET_DUMP: PacketType
PACKET_HEARTBEAT: PacketType
PACKET_CLIENTROLLBACK: PacketType
COMPRESSION_UNKNOWN: Compression
COMPRESSION_NONE: Compression
COMPRESSION_ZLIB: Compression
COMPRESSION_GZIP: Compression
COMPRESSION_LZF: Compression
ENTRY_UNKNOWN: EntryType
ENTRY_TRANSACTIONBEGIN: EntryType
ENTRY_ROWDATA: EntryType
ENTRY_TRANSACTIONEND: EntryType
ENTRY_HEARTBEAT: EntryType
ENTRY_GTIDLOG: EntryType
SOURCE_UNKNOWN: SourceType
SOURCE_ORACLE: SourceType
SOURCE_MYSQL: SourceType
SOURCE_PGSQL: SourceType
EVENT_UNKNOWN: EventType
EVENT_INSERT: EventType
EVENT_UPDATE: EventType
EVENT_DELETE: EventType
EVENT_CREATE: EventType
EVENT_ALTER: EventType
EVENT_ERASE: EventType
EVENT_QUERY: EventType
EVENT_TRUNCATE: EventType
EVENT_RENAME: EventType
EVENT_CINDEX: EventType
EVENT_DINDEX: EventType
EVENT_GTID: EventType
EVENT_XACOMMIT: EventType
EVENT_XAROLLBACK: EventType
EVENT_MHEARTBEAT: EventType

class Packet(_message.Message):
    __slots__ = ("magic_number", "version", "type", "compression", "body")
    MAGIC_NUMBER_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    COMPRESSION_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    magic_number: int
    version: int
    type: PacketType
    compression: Compression
    body: bytes
    def __init__(self, magic_number: _Optional[int] = ..., version: _Optional[int] = ..., type: _Optional[_Union[PacketType, str]] = ..., compression: _Optional[_Union[Compression, str]] = ..., body: _Optional[bytes] = ...) -> None: ...

class Messages(_message.Message):
    __slots__ = ("batch_id", "messages")
    BATCH_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    batch_id: int
    messages: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, batch_id: _Optional[int] = ..., messages: _Optional[_Iterable[bytes]] = ...) -> None: ...

class Pair(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: str
    def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class Entry(_message.Message):
    __slots__ = ("header", "entry_type", "store_value")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    ENTRY_TYPE_FIELD_NUMBER: _ClassVar[int]
    STORE_VALUE_FIELD_NUMBER: _ClassVar[int]
    header: Header
    entry_type: EntryType
    store_value: bytes
    def __init__(self, header: _Optional[_Union[Header, _Mapping]] = ..., entry_type: _Optional[_Union[EntryType, str]] = ..., store_value: _Optional[bytes] = ...) -> None: ...

class Header(_message.Message):
    __slots__ = ("version", "logfile_name", "logfile_offset", "server_id", "server_encoding", "execute_time", "source_type", "schema_name", "table_name", "event_length", "event_type", "props", "gtid")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    LOGFILE_NAME_FIELD_NUMBER: _ClassVar[int]
    LOGFILE_OFFSET_FIELD_NUMBER: _ClassVar[int]
    SERVER_ID_FIELD_NUMBER: _ClassVar[int]
    SERVER_ENCODING_FIELD_NUMBER: _ClassVar[int]
    EXECUTE_TIME_FIELD_NUMBER: _ClassVar[int]
    SOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_NAME_FIELD_NUMBER: _ClassVar[int]
    TABLE_NAME_FIELD_NUMBER: _ClassVar[int]
    EVENT_LENGTH_FIELD_NUMBER: _ClassVar[int]
    EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    PROPS_FIELD_NUMBER: _ClassVar[int]
    GTID_FIELD_NUMBER: _ClassVar[int]
    version: int
    logfile_name: str
    logfile_offset: int
    server_id: int
    server_encoding: str
    execute_time: int
    source_type: SourceType
    schema_name: str
    table_name: str
    event_length: int
    event_type: EventType
    props: _containers.RepeatedCompositeFieldContainer[Pair]
    gtid: str
    def __init__(self, version: _Optional[int] = ..., logfile_name: _Optional[str] = ..., logfile_offset: _Optional[int] = ..., server_id: _Optional[int] = ..., server_encoding: _Optional[str] = ..., execute_time: _Optional[int] = ..., source_type: _Optional[_Union[SourceType, str]] = ..., schema_name: _Optional[str] = ..., table_name: _Optional[str] = ..., event_length: _Optional[int] = ..., event_type: _Optional[_Union[EventType, str]] = ..., props: _Optional[_Iterable[_Union[Pair, _Mapping]]] = ..., gtid: _Optional[str] = ...) -> None: ...

class RowChange(_message.Message):
    __slots__ = ("table_id", "event_type", "is_ddl", "sql", "row_datas", "props", "ddl_schema_name")
    TABLE_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    IS_DDL_FIELD_NUMBER: _ClassVar[int]
    SQL_FIELD_NUMBER: _ClassVar[int]
    ROW_DATAS_FIELD_NUMBER: _ClassVar[int]
    PROPS_FIELD_NUMBER: _ClassVar[int]
    DDL_SCHEMA_NAME_FIELD_NUMBER: _ClassVar[int]
    table_id: int
    event_type: EventType
    is_ddl: bool
    sql: str
    row_datas: _containers.RepeatedCompositeFieldContainer[RowData]
    props: _containers.RepeatedCompositeFieldContainer[Pair]
    ddl_schema_name: str
    def __init__(self, table_id: _Optional[int] = ..., event_type: _Optional[_Union[EventType, str]] = ..., is_ddl: _Optional[bool] = ..., sql: _Optional[str] = ..., row_datas: _Optional[_Iterable[_Union[RowData, _Mapping]]] = ..., props: _Optional[_Iterable[_Union[Pair, _Mapping]]] = ..., ddl_schema_name: _Optional[str] = ...) -> None: ...

class RowData(_message.Message):
    __slots__ = ("before_columns", "after_columns", "props")
    BEFORE_COLUMNS_FIELD_NUMBER: _ClassVar[int]
    AFTER_COLUMNS_FIELD_NUMBER: _ClassVar[int]
    PROPS_FIELD_NUMBER: _ClassVar[int]
    before_columns: _containers.RepeatedCompositeFieldContainer[Column]
    after_columns: _containers.RepeatedCompositeFieldContainer[Column]
    props: _containers.RepeatedCompositeFieldContainer[Pair]
    def __init__(self, before_columns: _Optional[_Iterable[_Union[Column, _Mapping]]] = ..., after_columns: _Optional[_Iterable[_Union[Column, _Mapping]]] = ..., props: _Optional[_Iterable[_Union[Pair, _Mapping]]] = ...) -> None: ...

class Column(_message.Message):
    __slots__ = ("index", "sql_type", "name", "is_key", "updated", "is_null", "props", "value", "length", "mysql_type")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    SQL_TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    IS_KEY_FIELD_NUMBER: _ClassVar[int]
    UPDATED_FIELD_NUMBER: _ClassVar[int]
    IS_NULL_FIELD_NUMBER: _ClassVar[int]
    PROPS_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    MYSQL_TYPE_FIELD_NUMBER: _ClassVar[int]
    index: int
    sql_type: int
    name: str
    is_key: bool
    updated: bool
    is_null: bool
    props: _containers.RepeatedCompositeFieldContainer[Pair]
    value: str
    length: int
    mysql_type: str
    def __init__(self, index: _Optional[int] = ..., sql_type: _Optional[int] = ..., name: _Optional[str] = ..., is_key: _Optional[bool] = ..., updated: _Optional[bool] = ..., is_null: _Optional[bool] = ..., props: _Optional[_Iterable[_Union[Pair, _Mapping]]] = ..., value: _Optional[str] = ..., length: _Optional[int] = ..., mysql_type: _Optional[str] = ...) -> None: ...
