"""The log file. Nothing is ever logged to the terminal: the dashboard owns it."""

from __future__ import annotations

import logging
import os
import sys
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from engine.configuration import default_log_file
from engine.errors import WrongSetting
from engine.setting_names import variable
from engine.settings import LogSection
from topn_tui.formatting import safe

OLD_FILES_KEPT = 3


class _PrivateFile(RotatingFileHandler):
    """Rows may be in the log: each file of it is made for its owner's eyes only."""

    def _open(self) -> TextIOWrapper:
        os.close(os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT, 0o600))
        return super()._open()


class _SafeFormatter(logging.Formatter):
    """What came from outside cannot forge a line, nor be obeyed by the terminal that shows it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        record.message = safe(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802  # logging's name, and its type
        return "\n".join(map(safe, super().formatException(ei).split("\n")))


def start_logging(section: LogSection) -> Path | None:
    """Send all logging to the rotating file; where it is.

    Where nobody named a file and the default cannot be written, as for a service account without a
    home, stderr says so and there is no log: None.

    Raises:
        WrongSetting: the file that the settings name cannot be written.
    """
    file = section.file or default_log_file()
    handler: logging.Handler
    try:
        handler = _file_handler(file, section.max_bytes)
    except OSError as error:
        if section.file:
            raise WrongSetting(
                f"log.file {file} cannot be written: {error.strerror}; set log.file to another place"
            ) from None
        sys.stderr.write(
            f"topn-tui: no log is written: {safe(str(file))}: {error.strerror}; "
            f"{variable('log.file')} names another place\n"
        )
        handler = logging.NullHandler()  # with none at all, warnings would go to stderr
    # A full disk must not write tracebacks across the dashboard.
    logging.raiseExceptions = False
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(section.level)
    return None if isinstance(handler, logging.NullHandler) else file


def _file_handler(file: Path, max_bytes: int) -> logging.Handler:
    file.parent.mkdir(parents=True, exist_ok=True)
    handler = _PrivateFile(file, maxBytes=max_bytes, backupCount=OLD_FILES_KEPT, encoding="utf-8")
    handler.setFormatter(
        _SafeFormatter("%(asctime)s %(levelname)-7s %(name)s %(process)d %(message)s")
    )
    return handler
