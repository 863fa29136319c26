"""What a Markdown page holds, read by a Markdown parser (the one that Textual itself uses)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
README, CHINESE = ROOT / "README.md", ROOT / "README.zh.md"
PAGES = [README, CHINESE, *sorted((ROOT / "docs").glob("*.md"))]


@dataclass
class Page:
    """The parts of one page, each in order."""

    headings: list[str] = field(default_factory=list)
    """Their tags: h1, h2, …"""
    blocks: list[tuple[str, str]] = field(default_factory=list)
    """Language and text of each code block."""
    codes: list[str] = field(default_factory=list)
    """Code within a line."""
    links: list[str] = field(default_factory=list)
    """Where links lead and images lie."""
    tables: list[list[str]] = field(default_factory=list)
    """Of each table the first cell of each row, as written."""
    lists: int = 0
    """How many list entries there are."""

    def lines(self, language: str) -> list[str]:
        """The lines of all blocks in a language."""
        return [
            line for name, text in self.blocks if name == language for line in text.splitlines()
        ]


def read(path: Path) -> Page:
    """Read a page."""
    page = Page()
    tokens = MarkdownIt("commonmark").enable("table").parse(path.read_text("utf-8"))
    for i, token in enumerate(tokens):
        match token.type:
            case "heading_open":
                page.headings.append(token.tag)
            case "fence":
                page.blocks.append((token.info, token.content))
            case "table_open":
                page.tables.append([])
            case "tr_open":
                page.tables[-1].append(tokens[i + 2].content)
            case "list_item_open":
                page.lists += 1
        for child in token.children or ():
            if child.type == "code_inline":
                page.codes.append(child.content)
            elif child.type in ("link_open", "image"):
                page.links.append(str(child.attrs.get("href") or child.attrs.get("src")))
    return page
