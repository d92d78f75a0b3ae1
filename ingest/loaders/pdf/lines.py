"""What the layout works on: lines with their places. A leaf."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page. Positions in points from the page's lower left corner."""

    text: str
    """Cells that stand apart are separated by tabs."""
    left: float
    right: float
    bottom: float
    size: float
    is_bold: bool = False
    cuts: tuple[float, ...] = ()
    """Where the cells after the first begin."""


@dataclass(frozen=True, slots=True)
class Edge:
    """Where a line at a page's edge stands."""

    bottom: float
    is_outermost: bool
    """The page's first or last line."""


@dataclass(slots=True)
class PageLines:
    """A page on its way to Markdown."""

    number: int
    label: str | None
    lines: list[Line]
    extra: str = ""
    """Text that isn't on the page itself: comments, field values."""
    edges: dict[str, Edge] = field(default_factory=dict)
    """Running-head candidates by their text with digits blotted out."""
