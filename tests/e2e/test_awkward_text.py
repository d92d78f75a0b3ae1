"""Text that Markdown would swallow, through the real page: documents' words in quotes, and a model's answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.serving import Server, is_settled, serving
from tests.e2e.talking import MARKERS, Chat
from tests.endpoint import Exchange, model_server

OpenChat = Callable[..., Chat]

STARTS = (
    *(
        "::leaf[a]{.b}",
        ":::note",
        ":a",
        "# h",
        "## h ##",
        "> q",
        "+ p",
        "1) n",
        "7. n",
        "12. y",
        "===",
        "---",
        "+++",
        "***",
    ),
    *(
        "```",
        "~~~",
        "|a|b|",
        "[a]: b",
        "[^1]: c",
        "<div>",
        "<!-- c",
        "&amp; d",
        "$$",
        "\\[",
        "\\begin{x}",
        "= e",
        "-- f",
    ),
)
MIDDLES = (
    *(
        "host:badge",
        "10:am",
        "C:Windows",
        "foo:bar(1)",
        ":e[f]{g=h}",
        "a::b",
        "std::map<int,b>",
        "\\(x^2\\,dx\\)",
        "$5 $6",
    ),
    *(
        "~5~",
        "~~gone~~",
        "x^2^",
        "2*3*4",
        "__init__",
        "snake_case_x",
        "C:\\dir\\*new",
        "\\\\srv\\x",
        "&lt;p&gt;",
        "&#58;",
    ),
    *("<b>x</b>", "[^1]", "[x][y]", "[i](j)", "![p](q)", "<http://u.v/w:x>", "http://u.v/a_b:c", "www.u_v.w/x_y"),
    *(
        "me_too@u.v",
        "`t",
        "a|b",
        "{.c #d}",
        "#tag",
        "@name",
        "*a",
        "_b",
        "]:",
        "a\\",
        "!",
        "5 \" 6'",
        "100%",
        "日本:語",
    ),
    *("été:où", "x:y|z", "\\|", "\\&", "``:", "[1]", "[2]"),
)
LINES = tuple(
    f"{start} {MIDDLES[(7 * n + k) % len(MIDDLES)]} z{n}k{k}" for n, start in enumerate(STARTS) for k in range(8)
)
IN_A_LIST = 9
"""Lines; longer lists are not quoted whole."""
MARKUP = ("# h", "## h ##", "> q", "+ p", "1) n", "7. n", "12. y", "---", "***", "```", "~~~", "$$", "\\[")
"""What is meant as such where a model begins a line with it."""


class Model:
    """Says what it is told to, in small pieces; with nothing to say it fails, and there are quotes."""

    text = ""

    def reply(self, exchange: Exchange) -> None:
        if not self.text:
            exchange.send_body("{}", status=500)
            return
        exchange.begin_stream()
        for start in range(0, len(self.text), 7):
            exchange.send_text(self.text[start : start + 7])
        exchange.send_text("", finish="stop")
        exchange.send_event("[DONE]")


@pytest.fixture(scope="module")
def model() -> Model:
    return Model()


@pytest.fixture(scope="module")
def server(model: Model, models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    corpus = tmp_path_factory.mktemp("awkward") / "corpus"
    corpus.mkdir()
    for at in range(0, len(LINES), IN_A_LIST):
        items = "\n".join(f"- {line}" for line in LINES[at : at + IN_A_LIST])
        (corpus / f"list-{at}.txt").write_text(f"These are the signs of drawer{at + 100}:\n\n{items}\n", "utf-8")
    for n, start in enumerate(STARTS):
        (corpus / f"line-{n}.txt").write_text(f"{start} is how shelf{n} begins, see [1] and {MIDDLES[n]}\n", "utf-8")
    with (
        model_server(model.reply) as (address, _),
        serving(corpus.parent, models_dir, {"BASE_URL": address, "MODEL": "tiny"}) as server,
    ):
        server.wait_until(is_settled)
        yield server


@pytest.fixture
def chat(server: Server, open_chat: OpenChat) -> Iterator[Chat]:
    chat = open_chat(server.url, permissions=["clipboard-read", "clipboard-write"])
    yield chat
    assert chat.problems == []


def read(answer: Locator, part: str = ".message-content") -> str:
    """What is seen of an answer, once it is complete, with single spaces."""
    expect(answer.locator(".pw-made-by")).to_be_visible()
    return " ".join(answer.locator(part).inner_text().split())


def find_lost(lines: Sequence[str], seen: str) -> list[str]:
    return [line for line in lines if " ".join(line.split()) not in seen]


def test_quotes_are_seen_letter_for_letter(model: Model, chat: Chat, server: Server):
    model.text = ""
    for at in range(0, len(LINES), IN_A_LIST):
        if at % (8 * IN_A_LIST) == 0:
            chat.page.goto(server.url)  # a new chat: each answer of a long one takes longer
        answer = chat.ask(f"What are the signs of drawer{at + 100}?")
        assert find_lost(LINES[at : at + IN_A_LIST], read(answer)) == []
        assert answer.locator("li").count() >= IN_A_LIST
        expect(answer.locator(MARKERS).first).to_have_text(re.compile(r"\[[1-6]\]"))
    for n, start in enumerate(STARTS):
        if n % 8 == 0:
            chat.page.goto(server.url)
        answer = chat.ask(f"How does shelf{n} begin?")
        line = f"{re.sub('^(#+|[+]) ', '', start)} is how shelf{n} begins, see [1] and {MIDDLES[n]}"
        assert find_lost([line], read(answer)) == []


def test_an_answer_is_seen_letter_for_letter(model: Model, chat: Chat):
    # Some models write [^1] for a citation.
    lines = [line for line in LINES if not line.startswith(MARKUP) and "\\(" not in line and "[^1]" not in line]
    model.text = "\n\n".join(lines)
    answer = chat.ask("What are the signs of drawer100?")
    assert find_lost(lines, read(answer, ".message-content > :not(:has(.pw-below))")) == []
    assert find_lost(LINES[:IN_A_LIST], read(answer, ".pw-quotes")) == []


def test_formulas_are_drawn_and_markdown_is_shown_as_such(model: Model, chat: Chat):
    model.text = (
        "So \\(x^2\\,dx\\):\n\n\\[\n\\frac{a}{b}\n\\]\n\n**b:c**\n\n| d | e |\n|---|---|\n| f:g | `h:i[1]` | j:k |"
    )
    answer = chat.ask("What are the signs of drawer100?")
    seen = read(answer)
    assert [line for line in ("b:c", "f:g", "h:i[1]", "j:k") if line not in seen] == []
    assert answer.locator("annotation").all_text_contents() == ["x^2\\,dx", "\\frac{a}{b}"]
    assert answer.locator("table, code, .font-bold").count() >= 3
    fonts = "Array.from(document.fonts).filter(font => font.status === 'loaded').map(font => font.family)"
    chat.page.wait_for_function(f"{fonts}.includes('KaTeX_Math')")  # it comes after the formula


def test_what_is_copied_is_what_was_written_with_its_sources(model: Model, chat: Chat):
    model.text = "The **host:badge** is `x[1]` \\(y\\) [1], see [2]."
    answer = chat.ask("What are the signs of drawer100?")
    read(answer)
    numbers, names = (answer.locator(kind).all_inner_texts() for kind in (".pw-number", ".pw-source"))
    sources = "\n".join(f"[{number}] {name}" for number, name in zip(numbers, names, strict=True))
    answer.locator("button:has(.lucide-copy)").last.click()
    expect(answer.locator(".lucide-check")).to_be_visible()
    copied = read_clipboard(chat)
    assert copied.startswith(f"{model.text}\n\n")
    assert "\n\nFrom your documents:\n\nThese are the signs of drawer100:" in copied
    assert copied.endswith(f"\n\n{sources}")
    answer.locator("[role=article]").first.evaluate("element => getSelection().selectAllChildren(element)")
    chat.page.keyboard.press("Control+C")
    copied = read_clipboard(chat)
    assert copied.startswith("The host:badge is x[1] y [1], see [2].\n")
    assert copied.endswith("\n\n" + "\n".join(sources.splitlines()[:2]))


def read_clipboard(chat: Chat) -> str:
    text: str = chat.page.evaluate("navigator.clipboard.readText()")
    return text
