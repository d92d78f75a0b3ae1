"""What goes wrong is told in the language of the browser: every sentence that says so in English is in the tables."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from ingest import mounts
from ingest.loaders.encrypted import explain_encrypted
from ingest.loaders.formats import describe_content
from ingest.loaders.pdf import pages
from ingest.loaders.reading import ReadOptions
from ingest.workers.messages import Limits
from ingest.workers.program import NO_TEXT
from page.errors import read_errors, say_error
from page.texts import list_languages
from rag.answering.answer import _explain_nothing_found
from rag.answering.asking import explain_end
from rag.asked.unread import describe_unread
from rag.chat import foundry, foundry_service, server
from rag.chat.routing.guarding import name_kind
from rag.chat.routing.personal import Kind
from rag.index.catalog.records import Failure
from rag.models.source import EMBEDDING, RERANKING, locate, make_not_loaded_error
from rag.settings import Settings
from rag.types import Endpoint, Restriction

ROOT = Path(__file__).parents[3]
LANGUAGES = [language for language in list_languages() if language != "en"]
VALUE = re.compile(r"\{(\w+)\}")
SETTING = re.compile(r"[A-Z]+_[A-Z_]+|MODEL|--[a-z]+|\b(?:pagewise ingest|pagewise models download|foundry model load)")
OF_MODELS = ("ModelUnavailableError", "PromptTooLongError", "PrivateTextError", "ModelState", "Notice", "_fail")
OF_FILES = ("LoadError", "UnsupportedError", "CorpusError", "kill", "_rest")
OF_THE_INDEX = ("IndexUnusableError", "IndexMissingError", "IndexDamagedError", "IndexLockedError", "__init__")
OF_THE_PAGE = (
    "RagError",
    "QuestionError",
    "SettingsError",
    "DrawingError",
    "UnreadableError",
    "CallError",
    "_refuse_upload",
)
MODELS = ("rag/chat/*.py", "rag/chat/routing/*.py", "rag/answering/*.py", "page/models/*.py")
PAGE = (
    "page/*.py",
    "page/addresses/*.py",
    "page/api/documents.py",
    "page/models/*.py",
    "page/library/*.py",
    "page/reader/*.py",
    "rag/text/asked.py",
    "ingest/passwords.py",
)
COMMAND_LINE = (
    "page/command.py",
    "rag/chat/catalog.py",
    "rag/chat/foundry_service.py",
    "ingest/check.py",
    "page/server.py",
)
"""What only commands say."""
SAMPLES = ("on this machine", "tiny at example.org", "http://example.org")
"""What stands for every value: some sentences are in the tables once for this machine, and once for others.

At the beginning of a sentence only an address or a path is taken for one.
"""


def list_texts(node: ast.AST) -> Iterator[str]:
    """The texts in a piece of code, each with ``{}`` in place of its values."""
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from list_texts(child)


def find_told(patterns: tuple[str, ...], names: tuple[str, ...]) -> list[str]:
    """The sentences that the code of some files passes to one of these names."""
    found = []
    for path in (path for pattern in patterns for path in ROOT.glob(pattern)):
        calls = (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call))
        for call in calls:
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            if name in names and path.relative_to(ROOT).as_posix() not in COMMAND_LINE:
                found += [text for argument in call.args for text in list_texts(argument)]
    return [text for text in found if " " in text.replace("{}", "").strip()]


def split_sentences(text: str) -> list[str]:
    """The sentences of a text, without those that are a value as a whole."""
    parts = re.split(r"(?<=[.?])\s+|(?<=\A\{\})\s+(?=[A-Z])", text)
    return [part for part in parts if part.replace("{}", "").strip(" .")]


def find_unknown(texts: list[str]) -> set[str]:
    """The sentences that are in no table."""
    sentences = {sentence for text in texts for sentence in split_sentences(text)}
    return {one for one in sentences if all(say_error("de", filled) == filled for filled in fill(one))}


def fill(sentence: str) -> list[str]:
    return [sentence.replace("{}", sample) for sample in SAMPLES]


def test_english_stays_as_it_is():
    assert say_error("en-GB", "Nothing answers at http://x (refused).") == "Nothing answers at http://x (refused)."
    assert say_error("it", "Ask again.") == "Ask again."


def test_sentences_are_told_one_by_one_and_what_nobody_knows_stays():
    said = "Nothing answers at http://x/v1 ([Errno 111] refused). Start the server there, or correct BASE_URL."
    assert say_error("de-AT,en;q=0.5", said) == (
        "Bei http://x/v1 antwortet nichts ([Errno 111] refused)."
        " Starten Sie dort den Server, oder korrigieren Sie BASE_URL."
    )
    refused = "The model tiny at http://x refused: Out of cheese. Redo from start."
    assert say_error("de", refused) == "Das Modell tiny bei http://x lehnte ab: Out of cheese. Redo from start."
    assert say_error("de", "Quite unheard of. Retry.") == "Quite unheard of. Versuchen Sie es erneut."
    assert say_error("de", "") == ""
    assert say_error("de", "Retry. " * 1000) == "Retry. " * 1000  # so long are only texts that somebody made long


def test_a_sentence_within_another_one_is_told_too():
    said = "The model a:1 could not be loaded at http://x (The model a:1 is not loaded at http://x)."
    assert say_error("de", said) == (
        "Das Modell a:1 ließ sich bei http://x nicht laden (Das Modell a:1 ist bei http://x nicht geladen)."
    )
    named = "Set MODEL to one that it offers: a, b and 3 more."
    assert say_error("de", named) == "Setzen Sie MODEL auf eines, das er anbietet: a, b und 3 weitere."


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_translation_has_the_values_and_the_settings_of_its_sentence(language: str):
    errors = read_errors(language)
    assert list(errors) == list(read_errors("de"))
    for english, translation in errors.items():
        assert sorted(VALUE.findall(translation)) == sorted(VALUE.findall(english)), english
        assert sorted(SETTING.findall(translation)) == sorted(SETTING.findall(english)), english


def test_what_is_said_of_models_is_in_the_tables():
    templates = [*server._FAULTS.values(), *(one.sentences for one in server._REFUSALS)]
    templates += [server._TOO_LONG, server._NOT_DEPLOYED]
    endpoints = [Endpoint("http://x/v1", "", "tiny"), Endpoint("http://x", "", "tiny", azure_version="1")]
    said = [
        template.format(**server._name_parts(endpoint), details=7, said="so")
        for template in templates
        for endpoint in endpoints
    ]
    said += [str(server.make_missing(endpoints[0], offered)) for offered in ([], ["a"], [str(n) for n in range(20)])]
    own = [*foundry._BY_CODE.values(), *(told for _, told in foundry._BY_WORDS)]
    own += [foundry._NOT_DOWNLOADED, foundry._UNKNOWN]
    said += [template.format(model="tiny", said="so") for template in own]
    said += [foundry._explain_unknown("tiny", known) for known in ([], ["tiny-1"], ["other"])]
    said += find_told(MODELS, OF_MODELS)
    said.append(foundry_service._FAILED["load"].format(model="a", url="http://x", said="so", name="a"))
    said += [explain_end(reason, 7) for reason in ("length", "content_filter", "tool_calls")]
    reasons = ["it goes on from something private", "{} is private"]
    reasons += [f"{what} holds {name_kind(kind)}" for what in ("the question", "a passage") for kind in get_args(Kind)]
    said += [f"{one[:1].upper()}{one[1:]}, so only a model on this machine may read it." for one in reasons]
    said += [_explain_nothing_found(Settings(), only) for only in (None, Restriction("manuals"))]
    assert find_unknown(said) == set()
    assert find_unknown([name_kind(kind) for kind in get_args(Kind)]) == set()


def test_why_a_file_could_not_be_read_is_in_the_tables():
    said = find_told(("ingest/**/*.py",), OF_FILES)
    said += [explain_encrypted(ReadOptions(passwords=known)) for known in ((), ("one",), ("one", "two"))]
    lost = [mounts._UNMOUNTED, mounts._BROKEN]
    kept = [one.format(kept=mounts._tell_kept(count)) for one in lost for count in (1, 1000)]
    said += [
        *kept,
        *(f"docs: {one}" for one in kept),
        describe_unread("kettle", [Failure("kettle.md", "so", "failed", 0)]),
    ]
    said += [Limits().memory_reason, describe_content(b"\0\1\2\3")]
    advice = [pages._INSTALL, pages._TIME_IS_UP.format(seconds=60), pages._FAILED.format(said="so"), pages._NONE_FOUND]
    without_text = [
        one.format(pages=pages._count_pages(count, total), advice=what)
        for one in (pages._SCANNED, pages._UNNAMED_LETTERS)
        for count, total in ((1, 1), (3, 3), (2, 3))
        for what in advice
    ]
    said += [*advice, *without_text, *(one.partition("; ")[2] for one in without_text), NO_TEXT]
    said += [pages._BY_PYPDF, f"{pages._BY_PYPDF}; {pages._PAGES_FAILED.format(failed=1, number=2)}"]
    said += ["it has vanished", "it cannot be opened ({})", "it seems to be damaged ({})"]
    assert find_unknown(said) == set()
    assert say_error("de", "it is a damaged PDF (no trailer); replace it with a good copy") == (
        "sie ist ein beschädigtes PDF (no trailer); ersetzen Sie sie durch eine heile Kopie"
    )
    notice = "a.pdf could not be read (it has damaged XML), so nothing of it is in this answer."
    assert "(ihr XML ist beschädigt)" in say_error("de", notice)


def test_what_is_said_of_the_index_and_by_the_page_is_in_the_tables():
    said = [*find_told(("rag/errors.py", "rag/index/**/*.py"), OF_THE_INDEX), *find_told(PAGE, OF_THE_PAGE)]
    sources = [
        replace(locate("a/b", kind), is_local=local) for kind in (EMBEDDING, RERANKING) for local in (True, False)
    ]
    said += [str(make_not_loaded_error(source, "so")) for source in sources]
    said += [f"{{}} {why} and cannot be moved away ({{}})." for why in ("was damaged", "had the older format 7")]
    assert find_unknown(said) == {"{} {} and cannot be moved away ({})."}  # which stands for the two before
    assert say_error("de", "The library of Babel is missing.") == "The library of Babel is missing."
