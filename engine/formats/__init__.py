"""Wire formats of the change feed: bytes of one message -> events.

A decoder never raises on content. Whatever a message holds, something is returned: what it means,
that it means nothing to us (``Kind.IGNORED`` with the kind it is counted under), or that it should
have meant something and cannot be used (``Kind.DEAD`` with the reason). A further format is one
module and one line in :data:`FORMATS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Protocol

from engine.columns import Table
from engine.core.changes import Event
from engine.errors import WrongSetting
from engine.formats.canal_json import CanalJson
from engine.formats.canal_protobuf import CanalProtobuf
from engine.formats.entry import NULL_VALUE, dead, ignored
from engine.formats.flat_message import FlatMessages
from engine.formats.rows import RowReader
from engine.formats.whole_rows import ReadBefore, WholeRowReader, before_of
from engine.told import told


class Decoder(Protocol):
    """Turns the messages of one table's feed into events."""

    def decode(self, value: bytes | None) -> tuple[Event, ...]:
        """The events of one message, in binlog order, at least one. Never raises on content."""


FORMATS: Final[Mapping[str, Callable[[Table, type[RowReader]], Decoder]]] = MappingProxyType(
    {"canal-json": FlatMessages, "canal-protobuf": CanalProtobuf}
)
"""Setting -> decoder of a table's messages in that format; each takes any message of it."""

AUTO = "auto"
"""The setting that tells the formats apart by a message's first byte."""

_LEADING = b" \t\r\n\xef\xbb\xbf"  # white space and a byte order mark may precede JSON
_PACKET_TAGS = frozenset(b"\x10\x18\x08")  # a Packet's version, type or magic number


def make_decoder(table: Table, format: str = AUTO) -> Decoder:  # noqa: A002  # the setting's name
    """The decoder for a table and a ``[feed] format`` setting.

    Raises:
        WrongSetting: there is no such format.
    """
    if format != AUTO and format not in FORMATS:
        names = ", ".join([AUTO, *FORMATS])
        raise WrongSetting(
            told("[feed] format is {format!r}; choose one of {names}", format=format, names=names)
        )
    sniffing = _Sniffing(table, format)
    if format == "canal-protobuf":
        return sniffing
    return CanalJson(table, otherwise=sniffing.decode)


def make_read_before(table: Table, format: str = AUTO) -> ReadBefore:  # noqa: A002  # as above
    """What reads a message once more, for the display columns before each of its changes.

    Decoding leaves them out: nobody but a screen wants them, and of few changes.
    """
    decode = _Sniffing(table, format, WholeRowReader).decode
    return lambda value: before_of(decode(value))


def detect(value: bytes) -> str | None:
    """The format of a message by its first byte; None: neither.

    ``{`` can start no Packet: it would be field 15, a group, and Canal has no such field.
    """
    first = value.lstrip(_LEADING)[:1]
    if first == b"{":
        return "canal-json"
    return "canal-protobuf" if value[:1] and value[0] in _PACKET_TAGS else None


class _Sniffing:
    """Hands each message to its format's decoder, or says why none of them may have it."""

    def __init__(self, table: Table, setting: str, rows: type[RowReader] = RowReader) -> None:
        self._setting = setting
        wanted = FORMATS if setting == AUTO else (setting,)
        self._decoders = {name: FORMATS[name](table, rows).decode for name in wanted}

    def decode(self, value: bytes | None) -> tuple[Event, ...]:
        if value is None:
            return ignored(NULL_VALUE)
        if not value:
            return dead(told("an empty message (0 bytes)"))
        found = detect(value)
        if found is None:
            start = value[:8].hex(" ")
            return dead(
                told(
                    "neither Canal's JSON nor its protobuf: starts with bytes {start}", start=start
                )
            )
        decode = self._decoders.get(found)
        if decode is None:
            return dead(
                told(
                    "the message is {found}, but [feed] format is {format!r}; set it to {auto!r} or "
                    "{found!r}",
                    found=found,
                    format=self._setting,
                    auto=AUTO,
                )
            )
        return decode(value)
