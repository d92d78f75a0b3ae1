"""What was measured, as Markdown: medians with their spread, and a plot of what grows. Owns the report's form."""

from __future__ import annotations

import io
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from matplotlib import rc_context
from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement of ours, beside another if there is one; the values are of single runs."""

    name: str
    unit: str
    ours: Sequence[float]
    other: str = ""
    theirs: Sequence[float] = ()
    goal: str = ""

    def to_markdown(self) -> str:
        beside = f"{_show(self.theirs)} {self.unit} ({self.other})" if self.theirs else "–"
        share = f"{statistics.median(self.theirs) / statistics.median(self.ours):.2f}" if self.theirs else "–"
        cells = (self.name, f"{_show(self.ours)} {self.unit}", beside, share, self.goal or "–")
        return f"| {' | '.join(cells)} |"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the report."""

    title: str
    command: str
    told: str
    """What was measured and how, in a sentence or two."""
    rows: Sequence[Row] = ()
    plots: dict[str, str] = field(default_factory=dict)
    """SVG by the plot's file name."""

    def to_markdown(self) -> str:
        head = "| what | ours | beside it | theirs / ours | goal |\n| --- | --- | --- | --- | --- |"
        table = "\n".join([head, *(row.to_markdown() for row in self.rows)])
        pictures = "".join(f"\n\n![{self.title}]({name})" for name in self.plots)
        return f"## {self.title}\n\n`{self.command}`. {self.told}\n\n{table}{pictures}\n"


def plot_growth(sizes: Sequence[int], lines: Mapping[str, Sequence[float]], unit: str) -> str:
    """Lines over the number of passages, both axes logarithmic, as SVG."""
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "pagewise"}):
        figure = Figure(figsize=(7, 4), layout="constrained")
        axis = figure.subplots()
        for name, values in lines.items():
            axis.plot(sizes, values, marker="o", label=name)
        axis.set(xscale="log", yscale="log", xlabel="passages", ylabel=unit)
        axis.grid(visible=True, which="both", alpha=0.2)
        axis.legend()
        written = io.StringIO()
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    svg = written.getvalue()
    return svg[svg.index("<svg") :]


def _show(values: Sequence[float]) -> str:
    """The median, and the smallest and largest of several runs."""
    median = _round(statistics.median(values))
    return median if len(values) == 1 else f"{median} ({_round(min(values))}–{_round(max(values))})"


def _round(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
