"""A line of a PDF's page, with the places of its cells."""

from __future__ import annotations

from dataclasses import dataclass

_ROW_STEP = 3.5
"""The largest step from row to row of a table, in letter sizes."""
_SAME_SIZE = 0.1
"""How much the letters of a table's rows may differ in size, as a share of it."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page. Positions are in points, from the page's lower left corner."""

    text: str
    """Cells that stand apart are separated by tabs."""
    left: float
    right: float
    bottom: float
    size: float
    is_bold: bool = False
    cuts: tuple[float, ...] = ()
    """Where the cells after the first begin."""
    ends: tuple[float, ...] = ()
    """Where the cells before the last end."""
    off_level: tuple[tuple[float, float], ...] = ()
    """Of the cells that stand higher or lower than the first: where they begin, and their bottom."""

    def is_alike(self, other: Line) -> bool:
        """Whether the letters of both lines are of one size."""
        return abs(self.size - other.size) < _SAME_SIZE * other.size

    def is_near_below(self, bottom: float) -> bool:
        """Whether the line may be the next row of a table below one that stands there."""
        return 0 < bottom - self.bottom <= _ROW_STEP * self.size
