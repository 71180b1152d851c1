"""Pages in Markdown for the scripts that draw the documents: a title, who drew it, and parts that are texts or tables."""

import re
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def page(title: str, *parts: str, note: str) -> str:
    """``note`` tells whoever would edit the page where it comes from."""
    return "\n\n".join([f"# {title}", f"<!-- {note} -->", *(part.strip() for part in parts)]) + "\n"


def table(heads: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    heads = list(heads)
    lines = [f"| {' | '.join(map(str, heads))} |", f"|{'---|' * len(heads)}"]
    return "\n".join(lines + [f"| {' | '.join(map(_cell, row))} |" for row in rows])


def code(*words: object) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _cell(content: object) -> str:
    """A bar in it would end it, unless it is escaped already."""
    return re.sub(r"(?<!\\)\|", r"\\|", str(content))
