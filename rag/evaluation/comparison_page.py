"""A comparison as one HTML page with its plots in it, which needs nothing from anywhere. Owns matplotlib."""

from __future__ import annotations

import html
import io
from typing import Any

from rag.errors import SettingsError

COLUMNS = {
    "first_token_ms": "first token, ms",
    "tokens_per_second": "tokens/s",
    "total_ms": "total, ms",
    "words": "words",
    "supported": "supported",
    "accepted": "accepted",
    "failed": "failed",
    "memory_mb": "memory, MB",
}
"""The figures, with their headings. Tokens are estimated from the text, alike for each model; the memory is that of
this process, which holds a model of Foundry Local and none of an endpoint's."""

_STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem}
:root{color-scheme:light dark}
table{border-collapse:collapse}th,td{padding:.3rem .8rem;border-bottom:1px solid #8886;text-align:left}
table{display:block;overflow-x:auto}figure{margin:2rem 0;background:#fff}svg{max-width:100%;height:auto}"""


def make_page(report: dict[str, Any]) -> str:
    """The page. Raises SettingsError without matplotlib, which the extra ``compare`` brings."""
    heads = "".join(f"<th>{html.escape(name)}</th>" for name in ("model", "place", *COLUMNS.values()))
    rows = "".join(
        "<tr>" + "".join(f"<td>{_show(one[name])}</td>" for name in ("model", "place", *COLUMNS)) + "</tr>"
        for one in report["models"]
    )
    answers = "".join(
        f"<h3>{_show(asked['question'])}</h3><dl>"
        + "".join(
            f"<dt>{_show(one['model'])}</dt><dd>{_show(one['each'][at]['said'] or one['each'][at]['failure'])}</dd>"
            for one in report["models"]
        )
        + "</dl>"
        for at, asked in enumerate(report["models"][0]["each"])
    )
    number = f"{report['questions']:,} question{'' if report['questions'] == 1 else 's'}"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Models compared</title>'
        f"<style>{_STYLE}</style><h1>Models compared</h1><p>{number}, the same passages.</p>"
        f"<table><tr>{heads}</tr>{rows}</table><figure>{_plot(report)}</figure><h2>Answers</h2>{answers}</html>\n"
    )


def _show(value: object) -> str:
    return "–" if value is None else html.escape(str(value))


def _plot(report: dict[str, Any]) -> str:
    """Bars of each figure, side by side, as SVG with its text as text."""
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as exc:
        raise SettingsError("--html needs matplotlib. Install the extra compare: uv sync --extra compare.") from exc
    names = [name for name in COLUMNS if any(one[name] is not None for one in report["models"])]
    models = [one["model"] for one in report["models"]]
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "pagewise"}):
        figure = Figure(figsize=(10, 1.2 * len(names)), layout="constrained")
        axes = figure.subplots(len(names), 1, squeeze=False)[:, 0]
        for axis, name in zip(axes, names, strict=True):
            axis.barh(models, [one[name] or 0 for one in report["models"]])
            axis.set_title(COLUMNS[name], loc="left", fontsize=9)
            axis.invert_yaxis()
        written = io.StringIO()
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    svg = written.getvalue()
    return svg[svg.index("<svg") :]
