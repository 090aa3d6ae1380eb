"""The few shapes of which all figures of the book are made, in colours that follow the reader's light or dark theme.

Colours are variables of the style sheet: a figure that stands alone follows the system, one inside the site the site's
own switch.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

CHARACTER = 7.3
_LIGHT = {
    "ink": "#1f2937", "dim": "#6b7280", "line": "#4b5563", "paper": "#ffffff", "reserved": "#e5e7eb", "bad": "#fecaca",
    "c0": "#bfdbfe", "c1": "#bbf7d0", "c2": "#fde68a", "c3": "#fbcfe8", "c4": "#ddd6fe", "c5": "#a5f3fc",
    "c6": "#fed7aa", "c7": "#d9f99d",
}  # fmt: skip
_DARK = {
    "ink": "#e5e7eb", "dim": "#9ca3af", "line": "#6b7280", "paper": "#1e2129", "reserved": "#374151", "bad": "#7f1d1d",
    "c0": "#1e3a8a", "c1": "#14532d", "c2": "#713f12", "c3": "#831843", "c4": "#4c1d95", "c5": "#164e63",
    "c6": "#7c2d12", "c7": "#3f6212",
}  # fmt: skip
COLORS = tuple(f"c{number}" for number in range(8))
RESERVED = "reserved"
BAD = "bad"


def _variables(colors: dict[str, str]) -> str:
    return "".join(f"--vb-{name}:{value};" for name, value in colors.items())


def style(light: str, dark: str) -> str:
    """The variables of both themes, each under a selector."""
    return f"{light}{{{_variables(_LIGHT)}}}\n{dark}{{{_variables(_DARK)}}}\n"


SHAPES = (
    ".vb text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:var(--vb-ink)}\n"
    ".vb text.dim{fill:var(--vb-dim)}.vb rect{stroke:var(--vb-line)}.vb rect.paper{stroke:none;fill:var(--vb-paper)}\n"
    ".vb path{stroke:var(--vb-line);fill:none}.vb path.head{fill:var(--vb-line)}\n"
    + "".join(f".vb .{name}{{fill:var(--vb-{name})}}\n" for name in (*COLORS, RESERVED, BAD))
)
_STYLE = f".vb{{{_variables(_LIGHT)}}}\n@media (prefers-color-scheme:dark){{.vb{{{_variables(_DARK)}}}}}\n" + SHAPES


def width_of(content: str, size: int = 12) -> int:
    """About how wide a text is, in pixels."""
    return round(len(content) * CHARACTER * size / 12)


def fit(content: str, width: int, size: int = 12) -> str:
    """A text, cut where its box is too narrow."""
    room = int((width - 4) / (CHARACTER * size / 12))
    return content if len(content) <= room else content[: max(1, room - 1)] + "…"


def text(x: int, y: int, content: str, anchor: str = "middle", kind: str = "", size: int = 12) -> str:
    """A line of text; `anchor` start, middle or end, `kind` "dim" or ""."""
    attributes = f' class="{kind}"' if kind else ""
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}"{attributes}>{escape(content)}</text>'


def box(x: int, y: int, width: int, height: int, fill: str, title: str = "", *, dashed: bool = False) -> str:
    """A rectangle in one of the colours; the title is shown where the pointer rests."""
    dash = ' stroke-dasharray="6 4"' if dashed else ""
    inside = f"<title>{escape(title)}</title>" if title else ""
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" class="{fill}"{dash}>{inside}</rect>'


def labelled(x: int, y: int, width: int, height: int, fill: str, content: str, title: str = "") -> str:
    """A rectangle with a text in its middle."""
    return box(x, y, width, height, fill, title or content) + text(
        x + width // 2, y + height // 2 + 4, fit(content, width)
    )


def arrow(*points: tuple[int, int]) -> str:
    """A line through some points with a head at the last; its last part is upright or level."""
    (x0, y0), (x, y) = points[-2:]
    dx, dy = (x > x0) - (x < x0), (y > y0) - (y < y0)
    tip = f"M{x},{y} l{-7 * dx - 4 * dy},{-7 * dy - 4 * dx} l{8 * dy},{8 * dx} z"
    line = "M" + " L".join(f"{a},{b}" for a, b in points)
    return f'<path d="{line}"/><path class="head" d="{tip}"/>'


def document(parts: list[str], width: int, height: int, title: str) -> str:
    """The SVG document."""
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="vb" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img">\n<title>{escape(title)}</title>\n<style>\n{_STYLE}</style>\n'
        f'<rect x="0" y="0" width="{width}" height="{height}" class="paper"/>\n{body}\n</svg>\n'
    )
