"""The log file. Nothing is ever logged to the terminal: the dashboard owns it."""

from __future__ import annotations

import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path

from engine.configuration import default_log_file
from engine.errors import WrongSetting
from engine.settings import LogSection

OLD_FILES_KEPT = 3


def start_logging(section: LogSection) -> Path:
    """Send all logging to the rotating file; where it is.

    Raises:
        WrongSetting: the file cannot be written.
    """
    file = (section.file or default_log_file()).expanduser()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # Rows may be in it: not for everybody on the machine.
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600))
        handler = RotatingFileHandler(
            file, maxBytes=section.max_bytes, backupCount=OLD_FILES_KEPT, encoding="utf-8"
        )
    except OSError as error:
        raise WrongSetting(
            f"log.file {file} cannot be written: {error.strerror}; set log.file to another place"
        ) from None
    handler.setFormatter(
        logging.Formatter("%(asctime)s %(levelname)-7s %(name)s %(process)d %(message)s")
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(section.level)
    return file
