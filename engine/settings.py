"""Settings: flags > environment (``TOPN_…``, nested with ``__``) > TOML file > defaults.

Every field's docstring is its documentation: ``topn-tui config`` prints them. Secrets are
:class:`pydantic.SecretStr` and may be read from a file; a password in a URL is taken out of it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from engine.key_settings import KeysSection
from engine.setting_section import Section
from engine.view_settings import ViewSection

Positive = Annotated[int, Field(gt=0)]


def _file(value: object) -> object:
    """A file's name with its ~ worked out; an empty one is none at all."""
    if not isinstance(value, str | Path):
        return value
    if "\0" in str(value):
        raise ValueError("not a file's name")
    try:
        return Path(value).expanduser() if str(value) else None
    except RuntimeError:
        raise ValueError("there is no such user; write the whole path") from None


File = Annotated[Path | None, BeforeValidator(_file)]


class TlsSection(Section):
    """TLS for one service. Nothing set: the system's certificate authorities."""

    enabled: bool = False
    """Speak TLS. For Kafka, security_protocol decides instead."""
    ca_file: File = None
    """PEM file of the certificate authority that signed the server's certificate."""
    cert_file: File = None
    """PEM file of our own certificate, where the server asks for one."""
    key_file: File = None
    """PEM file of our certificate's private key."""
    server_name: str | None = None
    """The name in the server's certificate, where it is not the host that is dialled (a tunnel, an address)."""
    check_hostname: bool = True
    """Refuse a certificate that was made out to another name."""


class BoardSection(Section):
    """The leaderboard."""

    name: str = ""
    """Names the Redis keys topn:{name}, topn:{name}:rows, topn:{name}:meta; default: the table's name."""
    size: int = Field(default=10, ge=1, le=1_000_000)
    """N: how many rows the board has."""
    reserve: int | None = Field(default=None, ge=0, le=1_000_000)
    """R: how many rows below the board are kept ready; default max(size, 32)."""

    @field_validator("name")
    @classmethod
    def _plain(cls, name: str) -> str:
        if not re.fullmatch(r"[\w.:-]*", name):
            raise ValueError("letters, digits and . _ : - only, because it becomes a Redis key")
        return name


class SecretSection(Section):
    """A section with one password, given here, in a file, or in the URL."""

    password: SecretStr | None = None
    """Better: the environment, or password_file."""
    password_file: File = None
    """A file whose first line is the password; not read where a password is set."""

    def secret(self) -> str | None:
        """The password; None if there is none.

        Raises:
            ValueError: the file cannot be read.
        """
        return _secret(self.password, self.password_file, "password_file")


class TableSection(SecretSection):
    """The MySQL table that is ranked. A SELECT-only account suffices."""

    url: str | None = None
    """mysql://user@host:port/database, of the server that Canal tails (a lagging replica gives wrong boards)."""
    name: str | None = None
    """The table."""
    key: str = "id"
    """Its key column: integer or string, one column, unique."""
    score: str | None = None
    """The column to rank by: integer or DECIMAL; rows where it is NULL are not ranked."""
    columns: Annotated[tuple[str, ...], NoDecode] = ()
    """Further columns, shown and stored beside key and score, in this order."""
    time_zone: str | None = None
    """For TIMESTAMP columns: Canal's time zone as MySQL knows it, e.g. +08:00."""
    connect_timeout_ms: Positive = 5_000
    """How long connecting may take."""
    query_timeout_ms: Positive = 30_000
    """How long a load's query may take."""
    tls: TlsSection = Field(default_factory=TlsSection)

    @field_validator("columns", mode="before")
    @classmethod
    def _split(cls, columns: object) -> object:
        if isinstance(columns, str):
            # From a flag or the environment: names and commas, or a list as the file has it.
            parts = columns.strip("[] ").split(",")
            return tuple(filter(None, (part.strip().strip("\"'") for part in parts)))
        return columns

    @model_validator(mode="before")
    @classmethod
    def _take_out(cls, values: Any) -> Any:
        return without_password(values)

    @field_validator("url")
    @classmethod
    def _is_mysql(cls, url: str | None) -> str | None:
        return _checked_url(url, ("mysql",), needs_path=True)


class FeedSection(Section):
    """The Kafka topic that Canal writes."""

    bootstrap_servers: str | None = None
    """host:port, several separated by commas."""
    topic: str | None = None
    """Canal's topic of the table: with dynamicTopic .*\\\\..* it is database_table."""
    group_id: str = ""
    """Positions are committed under it, for display by outside tools only; default topn-tui-<board name>."""
    format: Literal["auto", "canal-json", "canal-protobuf"] = "auto"
    """canal-json (canal.mq.flatMessage=true) or canal-protobuf (false); auto tells them by the first byte."""
    partition_hash: str = ""
    """Canal's canal.mq.partitionHash behind its colon: finds rows on a wrong partition; empty: not looked at."""
    database_hash: bool = True
    """Canal's canal.mq.database.hash. Read with partition_hash only."""
    partitions_num: Annotated[int, Field(ge=0)] = 0
    """Canal's canal.mq.partitionsNum. Read with partition_hash only; 0: as many as the topic has."""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """How the broker's listener is secured."""
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    """For the SASL protocols."""
    sasl_username: str | None = None
    """For the SASL protocols."""
    sasl_password: SecretStr | None = None
    """Better: the environment, or sasl_password_file."""
    sasl_password_file: File = None
    """A file whose first line is the SASL password; not read where a password is set."""
    tls: TlsSection = Field(default_factory=TlsSection)
    request_timeout_ms: Positive = 5_000
    """How long the broker may take to answer before it counts as away."""
    batch_messages: Positive = 2_000
    """How many messages one batch may hold."""
    batch_wait_ms: Positive = 100
    """How long a poll waits for the first message; also how often an idle engine looks up."""
    check_crcs: bool = True
    """Check each record batch's CRC: the only end-to-end check of the bytes; false gains up to a quarter in speed."""

    def secret(self) -> str | None:
        """The SASL password; None if there is none."""
        return _secret(self.sasl_password, self.sasl_password_file, "sasl_password_file")


class StoreSection(SecretSection):
    """The Redis server that the board is published to."""

    url: str | None = None
    """redis://user@host:port/db, or rediss:// for TLS."""
    lease_ms: Annotated[int, Field(ge=2_000)] = 5_000
    """How long a board stays valid for readers, and its ownership for this engine, without a sign of life."""
    timeout_ms: Positive = 2_000
    """How long Redis may take to answer before it counts as away."""
    fixed_width_members: bool = False
    """Write integer keys with leading zeros, so that ZREVRANGE of other readers orders ties as the board does."""
    tls: TlsSection = Field(default_factory=TlsSection)

    @model_validator(mode="before")
    @classmethod
    def _take_out(cls, values: Any) -> Any:
        return without_password(values)

    @field_validator("url")
    @classmethod
    def _is_redis(cls, url: str | None) -> str | None:
        return _checked_url(url, ("redis", "rediss"), needs_path=False)


class EngineSection(Section):
    """The engine's pace. The defaults suit nearly everyone."""

    audit_interval_s: Positive = 60
    """How often the board is compared with the table; never more often than 100 times the last query's duration."""
    overlap_ms: Annotated[int, Field(ge=0)] = 500
    """Wait between opening a load's buffer and its query: MySQL may log a change before it shows it."""
    settle_ms: Positive = 2_000
    """How long a partition must be silent before its silence counts as caught up, provisionally."""
    key_change_patience_ms: Positive = 5_000
    """Several partitions: how long a key change waits for a later batch before a provisional load."""
    buffer_rows: Positive = 1_000_000
    """How many changed rows a load remembers while it is open; beyond it the load is discarded and tried again."""
    resync_lag: Annotated[int, Field(ge=0)] = 0
    """Start anew at the feed's end when more messages than this wait to be read; 0: never."""


class WalkthroughSection(SecretSection):
    """The account that the walkthrough writes the table with, the command's with ``--write`` and the dashboard's
    once the operator has typed the table's name. Nothing else writes there."""

    url: str | None = None
    """mysql://user@host:port/database, as table.url, of an account with SELECT, INSERT, UPDATE and DELETE."""
    tls: TlsSection = Field(default_factory=TlsSection)

    @model_validator(mode="before")
    @classmethod
    def _take_out(cls, values: Any) -> Any:
        return without_password(values)

    @field_validator("url")
    @classmethod
    def _is_mysql(cls, url: str | None) -> str | None:
        return _checked_url(url, ("mysql",), needs_path=True)


class LogSection(Section):
    """The engine's log. It never goes to the terminal that the dashboard owns."""

    file: File = None
    """Default: topn-tui.log in the XDG state home's log folder."""
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """What is worth writing down."""
    max_bytes: Positive = 5_000_000
    """The file is rotated at this size; three old ones are kept."""


class DeadLettersSection(Section):
    """Messages that should have been usable and were not, kept for people: see topn-tui dead-letters."""

    file: File = None
    """JSON lines with all bytes of each message; default: by board in the XDG state home, in dead-letters."""
    max_bytes: Annotated[int, Field(ge=65_536, le=1_000_000_000)] = 20_000_000
    """Of the file and an older one beside it; beyond it the oldest go. A message larger than half of it is cut."""
    topic: str | None = None
    """A Kafka topic that each is sent to as well, on the feed's cluster; it must exist. Not with --observe."""


class Settings(BaseSettings):
    """All settings, checked. Build with :func:`engine.configuration.load_settings`."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="TOPN_", env_nested_delimiter="__"
    )

    board: BoardSection = Field(default_factory=BoardSection)
    table: TableSection = Field(default_factory=TableSection)
    feed: FeedSection = Field(default_factory=FeedSection)
    store: StoreSection = Field(default_factory=StoreSection)
    engine: EngineSection = Field(default_factory=EngineSection)
    walkthrough: WalkthroughSection = Field(default_factory=WalkthroughSection)
    view: ViewSection = Field(default_factory=ViewSection)
    keys: KeysSection = Field(default_factory=KeysSection)
    log: LogSection = Field(default_factory=LogSection)
    dead_letters: DeadLettersSection = Field(default_factory=DeadLettersSection)

    @property
    def board_name(self) -> str:
        """The board's name; the table's where none is set."""
        return self.board.name or self.table.name or ""

    @property
    def reserve(self) -> int:
        """R, with its default worked out."""
        return max(self.board.size, 32) if self.board.reserve is None else self.board.reserve

    @property
    def group_id(self) -> str:
        """The consumer group, with its default worked out."""
        return self.feed.group_id or f"topn-tui-{self.board_name}"

    def missing(self) -> list[str]:
        """The settings without which the pipeline cannot run, e.g. ``table.url``."""
        needed = {
            "table.url": self.table.url,
            "table.name": self.table.name,
            "table.score": self.table.score,
            "feed.bootstrap_servers": self.feed.bootstrap_servers,
            "feed.topic": self.feed.topic,
            "store.url": self.store.url,
        }
        return [path for path, value in needed.items() if not value]


def _secret(value: SecretStr | None, file: Path | None, field: str) -> str | None:
    if value is not None:
        return value.get_secret_value()
    if file is None:
        return None
    try:
        first = file.read_text("utf-8-sig").partition("\n")[0]
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise ValueError(f"{field} {file} cannot be read: {reason}") from None
    if not first:
        raise ValueError(f"{field} {file}: its first line is empty; write the password into it")
    return first


def without_password(values: Any) -> Any:
    """Move a URL's password into the password field, so that the URL can be shown."""
    if not isinstance(values, dict) or not isinstance(values.get("url"), str):
        return values
    try:
        parts = urlsplit(values["url"])
    except ValueError:
        return values  # the URL's own check says what is wrong, without showing it
    if parts.password is None:
        return values
    host = parts.netloc.rpartition("@")[2]
    bare = parts._replace(netloc=f"{parts.username}@{host}" if parts.username else host)
    moved = {**values, "url": bare.geturl()}
    moved.setdefault("password", unquote(parts.password))
    return moved


def _checked_url(url: str | None, schemes: tuple[str, ...], *, needs_path: bool) -> str | None:
    if url is None:
        return None
    example = "mysql://user@host:3306/database" if needs_path else "redis://host:6379/0"
    try:
        parts: SplitResult = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError(
            f"not a URL with host and port; write {example}, and / ? # @ inside a password as "
            "%2F %3F %23 %40"
        ) from None
    if "@" in parts.path + parts.query + parts.fragment:
        # Part of the password would pass for host, port or database, and be shown.
        raise ValueError("write / ? # @ inside a password as %2F %3F %23 %40")
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError(f"write {example}")
    if needs_path and not parts.path.strip("/"):
        raise ValueError(f"the database is missing; write {example}")
    if parts.query or parts.fragment:
        raise ValueError(f"nothing is read behind the ? or #; write {example}")
    return url
