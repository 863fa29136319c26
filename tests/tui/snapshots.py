"""Draws the pinned pictures anew, to be looked at before they are committed: `make snapshots`."""

from __future__ import annotations

import asyncio
import sys

from tests.tui.pictures import FOLDER, PICTURES, draw


def main() -> None:
    """Write those that differ, remove those that are no more, and say which."""
    FOLDER.mkdir(exist_ok=True)
    for file in FOLDER.glob("*.svg"):
        if file.stem not in PICTURES:
            file.unlink()
            sys.stdout.write(f"removed {file.name}\n")
    for name, picture in PICTURES.items():
        file, drawing = FOLDER / f"{name}.svg", asyncio.run(draw(picture))
        if not file.exists() or file.read_text("utf-8") != drawing:
            file.write_text(drawing, "utf-8")
            sys.stdout.write(f"drawn {file.name}\n")


if __name__ == "__main__":
    main()
