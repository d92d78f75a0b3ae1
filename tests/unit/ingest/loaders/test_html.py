from __future__ import annotations

import pytest

from ingest.loaders.reading import Reading, ReadOptions
from ingest.loaders.web.html import convert_html, load_html
from tests.growth import check_linear


def _load(text: str, encoding: str = "utf-8") -> Reading:
    return load_html("a.html", text.encode(encoding), ReadOptions())


def test_headings_paragraphs_and_lists_become_markdown():
    text = convert_html("<h1>A <i>title</i></h1><p>One<br>two</p><ul><li>x<ul><li>y</li></ul></li><li>z</li></ul>")
    assert text == "# A title\n\nOne\ntwo\n\n- x\n\n  - y\n\n- z"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<ol><li>a<li><p>b</p><ol type=a><li>c<li>d</ol><li>e</ol>", "1. a\n\n2. b\n\n  a. c\n\n  b. d\n\n3. e"),
        ("<ol start=9 type=I><li>a<li value=26>b</ol>", "IX. a\n\nXXVI. b"),
        ("<ol type=A start=26><li>a<li>b</ol>", "Z. a\n\nAA. b"),
        ("<ol reversed><li>a<li>b</ol>", "2. a\n\n1. b"),
        ("<ol style='list-style-type: lower-roman'><li>a<li>b</ol>", "i. a\n\nii. b"),
        ("<ol style='list-style: none'><li>a</ol><ul><li>b</ul>", "- a\n\n- b"),
        ("<ol start=-1e9 type=x><li value=?>a</ol>", "1. a"),
    ],
)
def test_lists_are_numbered_as_the_page_shows_them(text, shown):
    assert convert_html(text) == shown


def test_a_form_shows_what_was_chosen_and_written():
    text = convert_html(
        "<select><option>Red<option selected>Blue</select><select><option>Big</select>"
        "<p><input type=checkbox checked> Paid <input type=radio> Later <input type=hidden value=x7>"
        "<input value=Otto> <input type=submit value=Send></p><dialog>closed</dialog><dialog open>open</dialog>"
    )
    assert text == "Blue\n\nBig\n\n☒ Paid ☐ Later Otto\n\nopen"


def test_a_table_becomes_rows_of_cells():
    text = convert_html("<table><tr><th>Name<th>Food</tr><tr><td>Duck<td><ul><li>ash<li>elm</ul></table>")
    assert text == "Name\tFood\nDuck\tash elm"


def test_a_table_that_frames_the_page_is_not_one():
    text = convert_html(f"<table><tr><td>menu</td><td><h2>Story</h2><p>{'word ' * 400}</p></td></tr></table>")
    assert "## Story" in text


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (
            "<table><tr><td>Menu<td><h1>Bees</h1><table><tr><th>Hive<th>Kilos<tr><td>Birch<td>22</table></table>",
            "Menu\n\n# Bees\n\nHive\tKilos\nBirch\t22",
        ),
        ("<table role=presentation><tr><td>Menu<td>Bees</table>", "Menu\n\nBees"),
        (
            "<table><tr><th>Flat<th>Has<tr><td>4<td><table><tr><td>Bed<td>2<tr><td>Lamp<td>3</table></table>",
            "Flat\tHas\n4\tBed 2 Lamp 3",
        ),
        (
            "<div role=table><div role=rowgroup><p role=row><span role=columnheader>Isle</span>"
            "<span role=columnheader>Pier</span></p></div><div><div role=row><div><div role=rowheader>Vega</div></div>"
            "<div role=cell>4</div></div></div></div>",
            "Isle\tPier\nVega\t4",
        ),
        ("<ul role=grid><li role=row><b role=gridcell aria-colspan=2>a</b><b role=gridcell>b</b></ul>", "a\ta\tb"),
    ],
    ids=["heads within", "says so", "heads of its own", "roles", "a grid"],
)
def test_what_is_a_table_and_what_frames_a_page(page, text):
    assert convert_html(page) == text


def test_navigation_comes_last():
    assert convert_html("<nav><a>Home</a> <nav>About</nav></nav><p>Story</p>") == "Story\n\nHome\n\nAbout"


def test_a_title_that_the_page_does_not_show_opens_the_text():
    page = "<html><head><title>Ducks</title></head><body>{}</body></html>"
    assert next(_load(page.format("They swim.")).pages).text == "Ducks\n\nThey swim."
    assert next(_load(page.format("<h1>Ducks</h1>")).pages).text == "# Ducks"


def test_scripts_and_hidden_parts_are_left_out():
    text = convert_html(
        "<script>evil()</script><style>p{}</style><p hidden>secret</p>"
        "<p style='display: none'>secret</p><svg><title>icon</title><style>a{}</style></svg><p>shown</p>"
    )
    assert text == "shown"


def test_the_words_of_a_drawing_are_read():
    assert convert_html("<p>Slipway</p><svg><g><text>Slope</text><text>1:<tspan>14</tspan></text></g></svg>") == (
        "Slipway\n\nSlope 1:14"
    )


def test_parts_that_a_reader_can_open_are_read():
    text = convert_html(
        "<div hidden='until-found'>folded</div><p>Salt<a epub:type='noteref' href='#n'>1</a></p>"
        "<aside hidden id=n><p>rock</p></aside><section role='doc-endnotes' style='display:none'><p>sea</p></section>"
        "<div hidden epub:type='rearnote'>bay</div><div hidden epub:type='notebook'>no</div>"
    )
    assert text == "folded\n\nSalt1\n\nrock\n\nsea\n\nbay"


def test_what_stands_there_for_readers_without_scripts_is_read_unless_it_only_asks_for_them():
    text = convert_html(
        "<p>Tide<noscript>High at <b>four</b><noscript>Low at ten</noscript></noscript></p><noscript>Please enable "
        "JavaScript</noscript><noscript><img src=x alt=pixel></noscript>"
    )
    assert text == "Tide\n\nHigh at four\n\nLow at ten"


def test_code_keeps_its_lines():
    assert convert_html("<pre>a\n  b</pre>") == "```\na\n  b\n```"


def test_words_are_not_torn_at_inline_tags():
    assert convert_html("<p>Hy<b>phen</b>ation, <em>H<sub>2</sub>O</em></p>") == "Hyphenation, H2O"


def test_title_author_dates_and_language_are_taken():
    header = _load(
        "<html lang='de-AT'><head><title> Die  Enten </title><meta name='author' content='Ann'>"
        "<meta property='article:published_time' content='2024-05-01'></head><body>x</body></html>"
    ).header
    assert (header.title, header.author, header.created, header.language) == ("Die Enten", "Ann", "2024-05-01", "de")


def test_the_declared_encoding_is_used():
    reading = _load("<html><head><meta charset='koi8-r'></head><body>Привет</body></html>", "koi8-r")
    assert [page.text for page in reading.pages] == ["Привет"]


def test_nothing_but_a_comment_gives_nothing():
    assert convert_html("<!-- x -->") == ""
    assert convert_html("") == ""


def test_a_table_that_alone_fills_a_cell_keeps_its_rows():
    text = convert_html("<table><tr><td><table><tr><td>a<td>b</tr><tr><td>c<td>d</table></td></tr></table>")
    assert text == "a\tb\nc\td"


@pytest.mark.parametrize("tag", ["<font>", "<div>", "<ul><li>", "<table><tr><td>a<td>"])
@pytest.mark.parametrize("depth", [300, 5_000])
def test_what_comes_after_endless_nesting_is_not_lost(tag, depth):
    assert "deep" in convert_html(f"<html><body>{tag * depth}deep")


def test_many_menus_and_tables_in_tables_end():
    assert convert_html("<p>story</p>" + "<nav>a</nav>" * 300).startswith("story")
    assert "deep" in convert_html(("<table><tr><td>a<td>" * 600 + "deep" + "</table>" * 600) * 5)
    check_linear(lambda times: convert_html("<p>story</p>" + "<nav>a</nav>" * times), 100)
    check_linear(lambda times: convert_html("<table><tr><td>a<td>" * times + "deep" + "</table>" * times), 30)


def test_a_term_announces_what_it_means():
    text = convert_html("<dl><dt>Gusset <i>(f)</i> </dt><dd>It widens a seam.</dd><dt>Why?</dt><dd>It wears.</dd></dl>")
    assert text == "Gusset (f):\n\nIt widens a seam.\n\nWhy?\n\nIt wears."
