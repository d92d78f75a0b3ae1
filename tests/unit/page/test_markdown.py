"""What the page is given to show, read by another Markdown parser than the page's; the browser has its turn in e2e."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import isqrt

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from page.dialect import parse
from page.markdown import escape_markdown, link_source, show_answer, show_quotes
from tests.growth import check_linear

ONE, TWO = link_source(1), link_source(2)
READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
PIECES = (
    *(
        ":a",
        "::b[c]{d}",
        ":::note",
        "\n",
        "\n\n",
        "    ",
        "\t",
        " ",
        "- ",
        "1. ",
        "7. ",
        "2) ",
        "# ",
        "> ",
        "* ",
        "+ ",
        "*",
    ),
    *(
        "**",
        "_",
        "__",
        "`",
        "``",
        "```",
        "~~",
        "~~~",
        "$",
        "$$",
        "\\",
        "|",
        "\n|---|---|\n",
        "| a | b |",
        "[^1]: x",
        "[a]: b",
    ),
    *(
        "[a]",
        "[1]",
        "[3]",
        "![x](http://u)",
        "&amp;",
        "&#58;",
        "<b>",
        "<!-- c -->",
        "<http://a.b>",
        "www.a_b.c",
        "a@b.c",
    ),
    *("===", "---", "***", "+++", "word", "10:30", "x^2\\,dx", "é", "!", "]", "(", "#", "=", "\n:::\n"),
)
awkward = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


def list_texts(tokens: list[Token]) -> list[str]:
    """What a reader sees of a Markdown, in order."""
    return [
        text for token in tokens for text in ([token.content] if not token.children else list_texts(token.children))
    ]


def read(markdown: str) -> str:
    """The same, without white space."""
    return strip("".join(list_texts(READER.parse(markdown))))


def strip(text: str) -> str:
    return re.sub(r"\s+", "", text)


def has_directive(markdown: str) -> bool:
    """Whether a colon is left outside code and a link's address."""
    return ":" in re.sub(
        r"(`+).*?(?<!`)\1(?!`)|\]\(<[^>]*>\)|\| (:?---:? \| )*:?---:? \|", "", markdown, flags=re.DOTALL
    )


@given(awkward)
def test_a_sentence_is_shown_as_just_that(text: str):
    shown = escape_markdown(text)
    assert read(shown) == strip(text)
    assert not has_directive(shown)


@given(awkward)
def test_a_quote_is_shown_letter_for_letter_but_for_the_signs_of_tables_and_lists(text: str):
    shown = show_quotes(text, ())
    assert re.sub(r"[-*+|]", "", read(shown)) == re.sub(r"[-*+|]", "", strip(text))
    assert not has_directive(shown)


@given(awkward)
@example("# - # # ")
@example("```+ ")
def test_an_answer_loses_nothing_but_the_markup_that_it_was_read_by(text: str):
    tokens = parse(text)
    assert tokens is not None
    named = [token.info.strip() for token in tokens if token.type == "fence"]
    fences = [name for name in named if not re.fullmatch(r"[\w+#.-]*", name)]  # others are a language's
    seen = sorted(strip("".join([*list_texts(tokens), *fences])))
    formulas = [token for token in tokens if token.type.startswith("formula")]
    inline = [part for token in tokens for part in token.children or () if part.type == "formula"]
    if not formulas and not inline:  # the other parser knows none
        shown = show_answer(text, 0)
        assert sorted(re.sub(r"[*_]", "", read(shown))) == sorted(re.sub(r"[*_]", "", "".join(seen)))
        assert not has_directive(shown)


LITERAL = (
    "host:badge and its key:secret is rotated, 10:am, C:Windows, foo:bar(1), 日本:語",
    ":::note",
    "::leaf[a]{b=c}",
    "[a]: http://b.c",
    "[^x]: not a footnote",
    "a[^x]",
    "Total\n===",
    "+++",
    "&amp; &lt;b&gt; &#58;",
    "<b>bold</b> <!-- c --> <http://a.b:1>",
    "C:\\dir\\_x \\*a\\* \\\\srv\\x",
    "$5 and $6, $$ to $$$",
    "2*3*4 and x**2 + y**2",
    "__init__ and __name__",
    "~~gone~~ and a~b~c",
    "array[i](j) and [2](handbook.pdf)",
    "    four:spaces",
    "5 o`clock:x",
    "2024. Was a:year",
)


@pytest.mark.parametrize("text", LITERAL)
def test_what_models_mean_as_text_is_text(text: str):
    assert read(show_answer(f"It is:\n\n{text}\n\nSo it is.", 1)) == strip(f"It is:{text}So it is.")
    assert read(show_answer(text, 1)) == strip(text)


def test_what_models_write_as_markdown_stays_markdown():
    text = "## A:b\n\n**c:d** and *e*\n\n1. f\n2. g\n   - h `i:j`\n\n> k\n\n---\n\n```py\nl:m\n```"
    assert show_answer(text, 1) == (
        "## A&#58;b\n\n**c&#58;d** and *e*\n\n1. f\n2. g\n   - h `i:j`\n\n> k\n\n___\n\n```py\nl:m\n```"
    )


@pytest.mark.parametrize("begun", ["1. 2. 3.", "1. 1. 1.", "2. 5) 6)", "1. 3) 7.", "98. 99. 100&#46;"])
def test_items_keep_their_numbers_since_another_sign_begins_another_list(begun: str):
    numbers = re.findall(r"(\d+)[.)&]", begun)
    shown = show_answer("\n".join(f"{number}. item" for number in numbers), 1)
    assert [line.split()[0] for line in shown.split("\n")] == begun.split()


def test_a_row_that_is_longer_than_its_table_loses_no_cell():
    assert show_answer("> | a | b |\n> |---|:-:|\n> | 1 | 2 | c:d |", 1) == (
        "> | a | b |  |\n> | --- | :---: | --- |\n> | 1 | 2 | c&#58;d |"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r"so \(x_1^2\,dx\) is", r"so $x_1^2\,dx$ is"),
        ("so \\[a *b* c\\] is", "so $a *b* c$ is"),
        ("\\[\n- b:c\n\\]", "$$\n- b:c\n$$"),
        ("$$\nx = \\text{a $y$}\n$$", "$$\nx = \\text{a $y$}\n$$"),
        ("is $$x$$", "is $x$"),
        ("\\(x\\)$$y$$\\(z\\)", "$x$ $y$ $z$"),
        ("|a|\n|-|\n|\\(x\\)|", "| a |\n| --- |\n| $x$ |"),
    ],
)
def test_formulas_are_left_to_katex(text: str, shown: str):
    assert show_answer(text, 1) == shown


# Markers


def test_a_marker_becomes_a_link_and_one_of_several_numbers_becomes_several():
    assert show_answer("Yes [1]. No [1, 2].", 2) == f"Yes {ONE}. No {ONE}{TWO}."


@pytest.mark.parametrize("text", ["Yes [1, 7] and [0].", "`argv[1]` and ``a ` [1]``", "```\nrow[1]\n```", "[1](/x)"])
def test_a_marker_without_a_passage_and_one_in_code_or_a_link_stays_as_it_is(text: str):
    assert "#pw-" not in show_answer(text, 1)


def test_a_stray_backtick_hides_no_marker():
    assert show_answer("5 o`clock [1]\n\nnine o`clock [1]", 1).count(ONE) == 2


def test_an_image_becomes_a_link():
    assert show_answer("So![a](http://u/p.png) and![1]", 1) == f"So&#33;[a](<http://u/p.png>) and&#33;{ONE}"


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "#pw-1", "handbook.pdf"])
def test_only_addresses_are_links(address: str):
    assert not [token for token in READER.parse(show_answer(f"[a]({address})", 1))[1].children or () if token.attrs]


# Quotes


def test_a_documents_own_markers_are_words_and_ours_are_links():
    text = "The tram is old.[2] It was built in 1900.[1] [1]\n\n- See [2]\n- Ask [1] [2]"
    markers = (text.index("[1]\n"), text.rindex("[2]"))
    assert show_quotes(text, markers) == (
        "The tram is old.&#91;2&#93; It was built in 1900.&#91;1&#93; "
        f"{ONE}\n\n- See &#91;2&#93;\n- Ask &#91;1&#93; {TWO}"
    )


def test_rows_are_a_table_and_bullets_a_list_in_quotes():
    text = "| A:b | C |\n| --- | --- |\n| `d` | e \\| f [1] |\n\nSteps:\n* g:h\n3. i"
    assert show_quotes(text, (text.index("[1]"),)) == (
        f"| A&#58;b | C |\n| --- | --- |\n| &#96;d&#96; | e &#124; f {ONE} |\n\nSteps&#58;\n\n- g&#58;h\n3&#46; i"
    )


HOSTILE = {
    "backticks": lambda times: "".join("`" * length + " " for length in range(1, 10 * isqrt(times))),
    "open brackets": lambda times: "[1, " * times,
    "a marker without an end": lambda times: "[" + "1, " * times,
    "code without an end": lambda times: "`" + "[1] " * times,
    "deep lists": lambda times: "".join(f"{' ' * 2 * depth}- a\n" for depth in range(4 * isqrt(times))),
    "deep quotes": lambda times: ">" * times,
    "open formulas": lambda times: "\\(" * times + "\n" + "$$\n" * times,
    "open links": lambda times: "[a](http://" * times + "[a](/" + "(a" * times,
    "emphasis": lambda times: "*a **b _c " * times,
    "rows": lambda times: "|a|b|\n|-|-|\n" + "|a|b|c|\n" * times,
}
"""Each a text for a number of repetitions."""


@pytest.mark.parametrize("write", HOSTILE.values(), ids=HOSTILE)
def test_hostile_answers_are_shown_in_time_and_whole(write: Callable[[int], str]):
    def show(times: int) -> None:
        text = write(times)
        letters, shown = (len(re.findall(r"[abc]", each)) for each in (text, show_answer(text, 2)))
        assert shown >= letters

    check_linear(show, 100)
