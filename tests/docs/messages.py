"""The catalogue of the screen's texts: ``python -m tests.docs.messages`` brings it up to date.

All texts that ``t``, ``tn``, ``mark``, ``told`` and ``told_n`` are called with go into
``topn_tui/locales/zh/LC_MESSAGES/topn_tui.po``; what is no longer in the code goes out of it. A new
text has no Chinese yet: write it into the file, and run this again for the ``.mo``.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[2]
PO = ROOT / "topn_tui/locales/zh/LC_MESSAGES/topn_tui.po"
MO = PO.with_suffix(".mo")

KEYWORDS = {"t": None, "tn": (1, 2), "mark": None, "told": None, "told_n": (1, 2)}


def in_code() -> Catalog:
    """Every text in the code, with the files it is in."""
    found = Catalog(locale="zh", fuzzy=False)
    for package in ("engine", "topn_tui"):
        for file, _, text, *_ in extract_from_dir(
            ROOT / package, [("**.py", "python")], keywords=KEYWORDS, strip_comment_tags=True
        ):
            found.add(text, locations=[(f"{package}/{file}", 0)])
    return found


def in_catalogue() -> Catalog:
    """What is translated."""
    with PO.open("rb") as file:
        return read_po(file, locale="zh")


def up_to_date() -> Catalog:
    """The texts in the code with the translations that there are."""
    known, catalogue = in_catalogue(), _Dateless(locale="zh", fuzzy=False)
    for message in in_code():
        if message.id:
            was = known.get(message.id)
            string = was.string if was is not None else ""
            catalogue.add(message.id, string, locations=message.locations)
    return catalogue


def po_text(catalogue: Catalog) -> str:
    """The file, in the order of the texts' files."""
    out = io.BytesIO()
    write_po(out, catalogue, width=0, omit_header=True, include_lineno=False, sort_by_file=True)
    fields = "".join(f'"{name}: {value}\\n"\n' for name, value in _FIELDS)
    return f'{_COMMENT}\nmsgid ""\nmsgstr ""\n{fields}\n{out.getvalue().decode()}'


def mo_bytes() -> bytes:
    """The compiled form of the catalogue as it is in the file."""
    catalogue = _Dateless(locale="zh", fuzzy=False)
    for message in in_catalogue():
        if message.id:
            catalogue.add(message.id, message.string)
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


_COMMENT = "# The screen's texts in Chinese. Made by `make messages`; the translations are written by hand."
_FIELDS = (
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Transfer-Encoding", "8bit"),
    ("Language", "zh"),
    ("Plural-Forms", "nplurals=1; plural=0;"),
)


class _Dateless(Catalog):
    """Its header has no dates: both files are the same whenever they are made."""

    mime_headers = property(lambda self: list(_FIELDS))


def main() -> None:
    PO.write_text(po_text(up_to_date()), encoding="utf-8")
    MO.write_bytes(mo_bytes())
    missing = [m.id for m in in_catalogue() if m.id and not m.string]
    for text in missing:
        sys.stdout.write(f"no Chinese yet: {text!r}\n")


if __name__ == "__main__":
    main()
