"""The rates as a picture: for each load a group of bars, one for each server, in SVG that a page can show by itself."""

from collections.abc import Sequence
from html import escape
from typing import Protocol

WIDTH, BAR, GAP, LEFT, RIGHT = 760, 14, 18, 250, 90
COLOURS = {"bouncesink": "#b3541e", "sink": "#9aa0a6", "postfix": "#4a7a8c", "aiosmtpd": "#c9b458"}


class Row(Protocol):
    shape: str
    server: str
    rate: float


def draw(rows: Sequence[Row]) -> str:
    """One bar for each row, in their order, grouped by shape; its length is the rate."""
    most = max(row.rate for row in rows)
    parts, top, shape = [], 34, ""
    for row in rows:
        if row.shape != shape:
            top += GAP if shape else 0
            shape = row.shape
            parts.append(_text(LEFT - 10, top + BAR, escape(shape), "end"))
        length = row.rate / most * (WIDTH - LEFT - RIGHT)
        parts.append(f'<rect x="{LEFT}" y="{top}" width="{length:.1f}" height="{BAR - 2}" fill="{COLOURS[row.server]}"/>')
        parts.append(_text(LEFT + length + 6, top + BAR - 4, f"{row.rate:.0f}", "start"))
        top += BAR
    legend = "".join(
        f'<rect x="{LEFT + number * 110}" y="8" width="12" height="12" fill="{colour}"/>'
        + _text(LEFT + number * 110 + 17, 18, name, "start")
        for number, (name, colour) in enumerate(COLOURS.items())
    )
    style = "text{font:12px sans-serif;fill:#222}"
    box = f'<rect width="{WIDTH}" height="{top + 10}" fill="#fff"/>'
    body = "\n".join([f"<style>{style}</style>", box, legend, *parts])
    size = f'width="{WIDTH}" height="{top + 10}" viewBox="0 0 {WIDTH} {top + 10}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="mails a second">\n{body}\n</svg>\n'


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'
