from __future__ import annotations

import re

import pytest

from page.reader.blocks import write_html
from tests.attacks import ATTACKS
from tests.growth import check_linear

TAGS = re.compile(r"<(/?[a-z0-9]+)((?: [a-z-]+(?:=\"[^\"<>]*\")?)*)>")


def test_a_text_becomes_headings_tables_lists_and_code():
    html = write_html(
        "# Fees\n\nPer **day**:\nDay\tFee\nMonday\t12 €\nSunday\t15 €\n\n1. pay\n2. enter\n\n```\n<b>\n```\n\n> said",
        "markdown",
    )
    assert "<h2>Fees</h2>" in html
    assert "<strong>day</strong>" in html
    assert "<thead><tr><th>Day</th><th>Fee</th></tr></thead>" in html
    assert "<tr><td>Sunday</td><td>15 €</td></tr>" in html
    assert '<li class="deep0" data-number="2">enter</li>' in html
    assert "<pre><code>&lt;b&gt;</code></pre>" in html
    assert "<blockquote><p>said</p></blockquote>" in html


def test_a_markdown_table_keeps_its_cells_and_a_mark_its_place():
    text = "| a | b |\n|---|---|\n| x \\| y | **z** |\n"
    start = text.index("x")
    html = write_html(text, "markdown", [(start, start + 1)])
    assert "<tr><td><mark>x</mark> | y</td><td><strong>z</strong></td></tr>" in html


def test_mails_have_a_head_and_subtitles_their_times():
    assert write_html("From: A <a@b.example>\nSubject: Tea\n\nHello", "eml").startswith(
        '<dl class="head"><dt>From</dt><dd>A &lt;a@b.example&gt;</dd><dt>Subject</dt><dd>Tea</dd></dl><p'
    )
    assert "<time>00:11</time> <span>Hello</span>" in write_html("[00:11] Hello", "vtt")


@pytest.mark.parametrize("format_", ["markdown", "text", "code", "eml", "vtt"])
def test_nothing_of_a_document_is_markup(format_: str):
    for attack in ATTACKS:
        text = f"# {attack.text}\n\n{attack.text}\n- {attack.text}\n\na\t{attack.text}\nb\t{attack.text}"
        html = write_html(text, format_, [(3, len(text) // 2)])
        assert {name.strip("/") for name, _ in TAGS.findall(html)} <= ALLOWED
        assert "<" not in TAGS.sub("", html)
        assert not re.search(r" (?:on\w+|href|src|style)=", "".join(given for _, given in TAGS.findall(html)))
        assert not [trace for trace in attack.for_all if trace in html and not trace.isprintable()]


ALLOWED = {
    *("h2", "h3", "h4", "h5", "h6", "p", "ul", "li", "pre", "code", "strong", "mark", "hr", "br", "blockquote"),
    *("div", "table", "thead", "tbody", "tr", "th", "td", "dl", "dt", "dd", "time", "span"),
}


@pytest.mark.parametrize("piece", ["**", "`a", "|a", "\ta", "- ", "> "])
def test_any_text_takes_time_by_its_length(piece: str):
    check_linear(lambda times: write_html(f"{piece * times}\n{piece * times}", "markdown"), 500)
