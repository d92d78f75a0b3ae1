"""A line of a PDF's page, with the places of its cells."""

from __future__ import annotations

from dataclasses import dataclass


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
