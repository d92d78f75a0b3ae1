"""Numbers that OpenDocument files don't hold, but that everybody sees who opens them."""

from __future__ import annotations

import pytest

from ingest.loaders.formats import read
from ingest.loaders.reading import ReadOptions
from tests import files


def _level(level: int, form: str, entries: str = "", *, tag: str = "list-level-style-number") -> str:
    return f'<text:{tag} text:level="{level}" style:num-format="{form}" {entries}/>'


def _style(name: str, *levels: str) -> str:
    return f'<text:list-style style:name="{name}">{"".join(levels)}</text:list-style>'


CLAUSES = _style(
    "Clauses",
    _level(1, "1", 'style:num-suffix="."'),
    _level(2, "1", 'text:display-levels="2"'),
    _level(3, "a", 'style:num-prefix="(" style:num-suffix=")"'),
    _level(4, "i", 'style:num-suffix=")"'),
)
DOTS = _style("Dots", '<text:list-level-style-bullet text:level="1" text:bullet-char="•"/>')


def _list(*items: str, entries: str = 'text:style-name="Clauses"') -> str:
    return f"<text:list {entries}>{''.join(items)}</text:list>"


def _item(text: str, *inner: str, entries: str = "") -> str:
    return f"<text:list-item {entries}><text:p>{text}</text:p>{''.join(inner)}</text:list-item>"


def _inner(*items: str) -> str:
    return _list(*items, entries="")


def _read(body: str, *, automatic: str = CLAUSES + DOTS, styles: str = "") -> str:
    data = files.opendocument("text", f"<office:text>{body}</office:text>", automatic=automatic, styles=styles)
    _, reading = read("a.odt", data, ReadOptions())
    return "\n".join(line for line in next(reading.pages).text.splitlines() if line)


def test_each_level_counts_for_itself_and_begins_anew_below_the_next_number():
    rope = _item("Rope", _inner(_item("Hemp", _inner(_item("tarred"), _item("dry"))), _item("Coir")))
    sail = _item("Sail", _inner(_item("Canvas", _inner(_item("bleached", _inner(_item("twice")))))))
    assert _read(_list(rope, sail)).split("\n") == [
        "1. Rope", "1.1 Hemp", "(a) tarred", "(b) dry", "1.2 Coir", "2. Sail", "2.1 Canvas", "(a) bleached", "i) twice",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("second", "number"),
    [
        ('text:style-name="Clauses"', "1."),
        ('text:style-name="Clauses" text:continue-numbering="true"', "4."),
        ('text:style-name="Clauses" text:continue-list="first"', "3."),
        ('text:style-name="Clauses" text:continue-list="unknown"', "1."),
    ],
)
def test_a_list_begins_anew_unless_it_continues_another_one(second, number):
    first = _list(_item("Oak"), _item("Ash"), entries='xml:id="first" text:style-name="Clauses"')
    dots = _list(_item("aside"), entries='text:style-name="Dots"')
    other = _list(_item("Elm", entries='text:start-value="3"'))
    read_lines = _read(f"{first}<text:p>Between</text:p>{other}{dots}{_list(_item('Yew'), entries=second)}").split("\n")
    assert read_lines == ["1. Oak", "2. Ash", "Between", "3. Elm", "- aside", f"{number} Yew"]


def test_an_item_that_holds_only_a_list_has_no_number_of_its_own():
    """LibreOffice writes an item of the second level so, where its paragraph begins a list or goes on with one."""
    alone = "<text:list-item>{}</text:list-item>".format(_inner(_item("Keel"), _item("Stem")))
    assert _read(_list(alone, _item("Hull"))).split("\n") == ["1.1 Keel", "1.2 Stem", "2. Hull"]
    first = _list(_item("Deck"), _item("Mast"), entries='xml:id="one" text:style-name="Clauses"')
    continued = _list(alone, _item("Boom"), entries='text:style-name="Clauses" text:continue-list="one"')
    assert _read(first + "<text:p>Text</text:p>" + continued).split("\n")[3:] == ["2.1 Keel", "2.2 Stem", "3. Boom"]


def test_what_has_no_number_is_not_counted():
    head = "<text:list-header><text:p>Fittings</text:p></text:list-header>"
    two = "<text:list-item><text:p>Cleat</text:p><text:p>made of ash</text:p></text:list-item>"
    assert _read(_list(head, two, _item("Block"))).split("\n") == ["Fittings", "1. Cleat", "made of ash", "2. Block"]


@pytest.mark.parametrize(
    ("level", "number"),
    [
        (_level(1, "A", 'style:num-suffix=")" text:start-value="28"'), "AB)"),
        (_level(1, "a", 'text:start-value="28" style:num-letter-sync="true"'), "bb"),
        (_level(1, "I", 'style:num-prefix="Part " text:start-value="14"'), "Part XIV"),
        (_level(1, "001", 'text:start-value="7"'), "007"),
        (_level(1, "1", 'style:num-prefix="§ " style:num-list-format="Art. %1%:"'), "Art. 1:"),
        (_level(1, "1st", 'text:start-value="3"'), "3rd"),
        (_level(1, "", 'style:num-suffix="."'), "-"),
        (_level(2, "1"), "-"),
        (_level(1, "1", 'text:start-value="much"'), "1"),
    ],
)
def test_a_number_looks_as_its_level_says(level, number):
    assert (
        _read(_list(_item("Larch"), entries='text:style-name="L"'), automatic=_style("L", level)) == f"{number} Larch"
    )


OUTLINE = (
    '<text:outline-style style:name="Outline">'
    + _level(1, "1", 'style:num-suffix="."', tag="outline-level-style")
    + _level(2, "1", 'text:display-levels="2"', tag="outline-level-style")
    + _level(3, "", tag="outline-level-style")
    + "</text:outline-style>"
    '<style:style style:name="Plain" style:family="paragraph" style:list-style-name=""/>'
    '<style:style style:name="Plainer" style:family="paragraph" style:parent-style-name="Plain"/>'
)


def _heading(text: str, level: int, entries: str = "") -> str:
    return f'<text:h text:outline-level="{level}" {entries}>{text}</text:h>'


def test_headings_are_numbered_by_the_outline():
    body = (
        _heading("Scope", 1)
        + _heading("Terms", 2)
        + _heading("Words", 3)
        + _heading("Preface", 1, 'text:style-name="Plainer"')
        + _heading("Duties", 2)
        + _heading("Notes", 1, 'text:is-list-header="true"')
        + _heading("Fees", 1)
        + _heading("Late fees", 2)
        + _heading("Annex", 1, 'text:restart-numbering="true" text:start-value="9"')
    )
    assert _read(body, styles=OUTLINE).split("\n") == [
        "# 1. Scope", "## 1.1 Terms", "### Words", "# Preface", "## 1.2 Duties", "# Notes", "# 2. Fees",
        "## 2.1 Late fees", "# 9. Annex",
    ]  # fmt: skip
    assert _read(body).split("\n")[:2] == ["# Scope", "## Terms"]


def test_headings_in_a_list_are_headings_with_its_numbers():
    inner = f"<text:list-item>{_heading('Rent', 2)}</text:list-item>"
    outer = f"<text:list-item>{_heading('Lease', 1)}{_inner(inner, inner)}</text:list-item>"
    assert _read(_list(outer)).split("\n") == ["# 1. Lease", "## 1.1 Rent", "## 1.2 Rent"]


def test_a_list_without_a_style_has_that_of_its_paragraphs():
    style = '<style:style style:name="P" style:family="paragraph" style:list-style-name="Clauses"/>'
    item = '<text:list-item><text:p text:style-name="P">Pine</text:p></text:list-item>'
    assert _read(_list(item, entries=""), automatic=CLAUSES + style) == "1. Pine"


def test_a_number_that_stands_in_the_file_is_not_written_twice():
    item = "<text:list-item><text:number>7.</text:number><text:p>Beech</text:p></text:list-item>"
    assert _read(_list(item)) == "7. Beech"
    assert _read(_heading("<text:number>3.1</text:number>Tides", 2)) == "## 3.1 Tides"


def test_in_a_box_of_a_slide_a_list_continues_the_one_before_it():
    """Impress may write a list for each paragraph."""
    box = "<draw:frame><draw:text-box>{}</draw:text-box></draw:frame>"
    lists = _list(_item("Bow")) + _list(_item("Stern"))
    body = f"<office:presentation><draw:page>{box.format(lists)}{box.format(lists)}</draw:page></office:presentation>"
    _, reading = read("a.odp", files.opendocument("presentation", body, automatic=CLAUSES), ReadOptions())
    assert next(reading.pages).text.split() == ["1.", "Bow", "2.", "Stern", "1.", "Bow", "2.", "Stern"]


def test_numbers_of_hostile_files_stay_short():
    level = _level(1, "a", f'text:start-value="999999999" style:num-prefix="{"x" * 500}"')
    assert len(_read(_list(_item("Fir"), entries='text:style-name="L"'), automatic=_style("L", level))) < 80
    ring = '<style:style style:name="P" style:family="paragraph" style:parent-style-name="P"/>'
    assert _read(_heading("Fir", 1, 'text:style-name="P"'), automatic=ring, styles=OUTLINE) == "# 1. Fir"


def test_a_list_may_have_a_style_of_all_texts_and_marks_of_page_ends_in_it():
    end = "<text:soft-page-break/>"
    broken = f"<text:list-item>{end}<text:p>Birch</text:p></text:list-item>"
    assert _read(_list(_item("Aspen"), end, broken), automatic="", styles=CLAUSES) == "1. Aspen\n2. Birch"


def test_headings_of_a_converted_document_are_numbered_by_lists_that_continue_one_another():
    entries = 'text:style-name="Clauses" text:continue-numbering="true"'
    item = "<text:list-item>{}</text:list-item>"
    outer = _list(item.format(_heading("Lease", 1)), entries=entries)
    inner = _list(item.format(_inner(item.format(_heading("Law", 2)))), entries=entries)
    assert _read("<text:p>Text</text:p>".join([outer, inner, inner, outer])).split("\n")[::2] == [
        "# 1. Lease", "## 1.1 Law", "## 1.2 Law", "# 2. Lease",
    ]  # fmt: skip
