"""python -m rag on an index of the sample documents; what starts a model runs in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from rag.__main__ import main
from rag.evaluation.retrieval import Dataset, index_folder
from rag.settings import Settings
from tests import files, workbooks
from tests.endpoint import Exchange, begin_and_hang, model_server, talk_slowly

ROOT = Path(__file__).parents[2]
SEARCH_FIELDS = {"rank", "source", "page", "section", "score", "text", "chunk_id"}

UNNEEDED = ("chromadb", "ingest", "llama_index", "openai", "requests", "torch")
UNNEEDED_BY_SEARCH = (
    *UNNEEDED,
    "asyncio",
    "email",
    "importlib.metadata",
    "rag.answering.answer",
    "rag.answering.citations",
    "rag.chat",
)
UNNEEDED_WITHOUT_A_MODEL = (
    *UNNEEDED,
    "rag.answering.claims",
    "rag.answering.marker_forms",
    "rag.chat.routing.personal",
    "rag.chat.routing.tasks",
)


def run(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **(env or {})}, capture_output=True, text=True)


@pytest.fixture(scope="module")
def index(models_dir, tmp_path_factory):
    """An index of the sample documents."""
    folder = tmp_path_factory.mktemp("samples") / "index"
    shutil.copytree(models_dir, folder / "models")
    made = run("ingest", "--index", str(folder), "--corpus", "corpus", "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["failed"] == []
    return str(folder)


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_search_finds_the_page_in_every_mode(index, mode, capsys):
    code = main(["search", "--json", "--mode", mode, "--index", index, "How often should I descale the kettle?"])
    found = json.loads(capsys.readouterr().out)
    assert code == 0
    assert found["mode"] == mode
    assert 0 <= found["confidence"] <= 1
    best = found["hits"][0]
    assert (best["rank"], best["source"], best["page"]) == (1, "kettle-manual.pdf", 3)
    assert set(best) == SEARCH_FIELDS


def test_search_keeps_to_top_k_and_shows_the_place(index):
    done = run("rag", "search", "--top-k", "1", "--index", index, "when does the last tram leave on Saturday")
    assert done.stdout.startswith("1. tram-line-7.html")
    assert "\n2. " not in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(("command", "unneeded"), [("search", UNNEEDED_BY_SEARCH), ("ask", UNNEEDED_WITHOUT_A_MODEL)])
def test_a_question_imports_nothing_that_it_does_not_need(index, command, unneeded):
    script = "import sys; from rag.__main__ import main; main(sys.argv[1:]); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script, command, "--index", index, "How often should I descale the kettle?"],
        cwd=ROOT,
        env={**os.environ, "BASE_URL": "http://127.0.0.1:9/v1"},
        capture_output=True,
        text=True,
        check=True,
    )
    shown, _, modules = done.stdout.strip().rpartition("\n")
    assert "kettle-manual.pdf" in shown
    assert {name for name in modules.split() if name.startswith(unneeded)} == set()


def test_search_shows_the_cells_of_workbooks_as_their_programs_do(models_dir, tmp_path, capsys):
    corpus, folder = tmp_path / "corpus", tmp_path / "index"
    corpus.mkdir()
    shutil.copytree(models_dir, folder / "models")
    rows: list[list[files.SheetCell]] = [["Harbour", "Vacancy", "Post code", "Open"], []]
    for name, make in (("new.xlsx", lambda rows: files.xlsx({"Fees": rows})), ("old.xls", workbooks.xls)):
        harbour = "Skagen" if name == "new.xlsx" else "Lysekil"
        rows[1] = [harbour, (0.0825, "0.0%"), (4310.0, "00000"), (1.5625, "[h]:mm")]
        (corpus / name).write_bytes(make(rows))
    made = run("ingest", "--index", str(folder), "--corpus", str(corpus), "--json")
    assert made.returncode == 0, made.stderr
    for harbour, source in (("Skagen", "new.xlsx"), ("Lysekil", "old.xls")):
        assert main(["search", "--json", "--index", str(folder), f"What is the vacancy of {harbour}?"]) == 0
        best = json.loads(capsys.readouterr().out)["hits"][0]
        assert best["source"] == source
        assert f"| {harbour} | 8.3% | 04310 | 37:30 |" in best["text"]


def test_ask_streams_the_models_answer_with_its_source(index, foundry_environment):
    question = "How often should I descale the kettle?"
    done = run("rag", "ask", "--json", "--index", index, question, env=foundry_environment)
    assert done.returncode == 0, done.stderr
    reply = json.loads(done.stdout)
    assert reply["route"] == "local"
    assert reply["searched_for"] == question
    assert reply["model"] == "phi-4-mini-generic-cpu:1"
    assert "every six weeks" in reply["answer"]
    first = reply["citations"][0]
    assert (first["source"], first["page"]) == ("kettle-manual.pdf", 3)
    assert "six weeks" in first["quote"]
    assert set(reply["milliseconds"]) == {"retrieve", "quotes", "first_token", "total"}


@pytest.mark.parametrize(
    ("said", "times", "note"),
    [
        ("The soil is 25 centimetres deep. ", 1, 0),  # the marker that the program sets can't be put in any more
        ("Based on the passages, the soil is 25 centimetres deep.", 1, 0),
        ("The documents don't say.", 1, 1),
    ],
)
def test_ask_shows_words_once_though_they_are_taken_for_others(index, said, times, note):
    with model_server(lambda exchange: say(exchange, said)) as (url, _):
        env = {"BASE_URL": url, "MODEL": "tiny"}
        done = run("rag", "ask", "--index", index, "How deep is the soil on the roof?", env=env)
    assert done.stdout.count(said.strip()) == times
    assert done.stderr.count("These words were no answer.") == note


def test_ask_without_a_model_quotes_and_says_what_to_do(index, foundry_catalog_url, tmp_path):
    env = {"RAG_FOUNDRY_DIR": str(tmp_path), "RAG_FOUNDRY_CATALOG_URL": foundry_catalog_url}
    done = run("rag", "ask", "--index", index, "How often should I descale the kettle?", env=env)
    assert done.returncode == 0
    assert "every six weeks" in done.stdout
    assert "kettle-manual.pdf, page 3" in done.stdout
    assert done.stderr.count("phi-4-mini") >= 1
    assert "BASE_URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_ask_does_not_wait_for_a_catalog_that_never_answers(index, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(0)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        env = {"RAG_FOUNDRY_DIR": str(tmp_path), "RAG_FOUNDRY_CATALOG_URL": url}
        done = run("rag", "ask", "--index", index, "How deep is the soil on the roof?", env=env)
        with pytest.raises(BlockingIOError):  # nobody called
            silent.accept()
    assert done.returncode == 0
    assert "25 centimetres" in done.stdout
    told = [line for line in done.stderr.splitlines() if "not downloaded" in line]
    assert len(told) == 1
    assert "--download" in told[0]
    assert not list(tmp_path.iterdir())


def test_ask_at_an_endpoint_that_refuses_quotes_and_names_it(index):
    env = {"BASE_URL": "http://127.0.0.1:9"}
    done = run("rag", "ask", "--json", "--index", index, "How deep is the soil on the roof?", env=env)
    reply = json.loads(done.stdout)
    assert (done.returncode, reply["route"], reply["model"]) == (0, "quotes", None)
    assert "25 centimetres" in reply["answer"]
    assert "http://127.0.0.1:9" in done.stderr


def test_ask_keeps_to_the_documents_it_was_told_and_says_when_none_is_left(index):
    env, question = {"BASE_URL": "http://127.0.0.1:9"}, "How often should I descale the kettle?"
    done = run("rag", "ask", "--json", "--index", index, "--type", "md", question, env=env)
    assert {citation["source"] for citation in json.loads(done.stdout)["citations"]} <= {"staff-handbook.md"}
    assert "No document is left" not in done.stderr
    done = run("rag", "ask", "--index", index, "--type", "md", "--until", "1990", question, env=env)
    assert done.stdout.startswith("No text was found for this in the md files until 1990 below corpus.")
    assert "No document is left by --folder" in done.stderr


def interrupt(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)


def stop_reading(process: subprocess.Popen[str]) -> None:
    """As head does."""
    process.stdout.close()


@pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes of POSIX")
@pytest.mark.parametrize(
    ("leave", "reply", "code", "said"),
    [
        (interrupt, begin_and_hang, 130, "Stopped. "),
        (subprocess.Popen.terminate, talk_slowly, 128 + signal.SIGTERM, "Stopped. "),
        (stop_reading, begin_and_hang, 0, ""),
    ],
)
def test_an_answer_that_nobody_waits_for_ends_while_the_model_is_silent_or_talks(index, leave, reply, code, said):
    command = [sys.executable, "-m", "rag", "ask", "--index", index, "How often should I descale the kettle?"]
    with model_server(reply) as (url, requests):
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "BASE_URL": url},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while not requests.open_count:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        leave(process)
        assert requests.wait_until_left()
        assert process.wait(60) == code
        told = process.stderr.read()
        assert told.startswith(said)
        assert "Traceback" not in told


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["search", "--index", "{tmp}/none", "kettle"], 3, "Run pagewise ingest"),
        (["ask", "--index", "{tmp}/none", "kettle"], 3, "Run pagewise ingest"),
        (["search", "--mode", "psychic", "kettle"], 2, "invalid choice"),
        (["search", "--top-k", "0", "--index", "{index}", "kettle"], 2, "--top-k"),
        (["search", "--index", "{index}", ""], 2, "empty"),
        (["search", "--index", "{index}", "--corpus", "{tmp}/nope", "kettle"], 2, "nope does not exist"),
        (["ask", "--index", "{index}", "--corpus", "{tmp}/nope", "kettle"], 2, "nope does not exist"),
        (["search", "--index", "{index}", "--corpus", __file__, "kettle"], 2, "is not a folder"),
        (["search", "--index", "{index}", "--folder", "Staf-handbok.md", "kettle"], 2, "mean staff-handbook.md?"),
        (["ask", "--index", "{index}", "--folder", "quarterly", "kettle"], 2, "below the folder quarterly.\n"),
        (["search", "--index", "{index}", "--type", ".xlsx", "kettle"], 2, "There is no xlsx file. The documents are"),
        (["ask", "--index", "{index}", "   "], 2, "empty"),
        (["ask", "--index", "{index}", "why?" * 25_000], 2, "100,000 characters"),
        (["eval", "--limit", "3", "{tmp}"], 2, "needs --answers"),
        (["eval", "--answers", "--limit", "0", "{tmp}"], 2, "at least 1"),
        (["dance"], 2, "invalid choice"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_an_exit_code(index, tmp_path, arguments, code, message, capsys):
    words = [word.replace("{tmp}", str(tmp_path)).replace("{index}", index) for word in arguments]
    try:
        got = main(words)
    except SystemExit as exc:  # argparse
        got = int(exc.code or 0)
    shown = capsys.readouterr()
    assert (got, shown.out) == (code, "")
    assert message in shown.err
    assert "Traceback" not in shown.err


def test_a_misspelt_setting_is_refused(index, monkeypatch, capsys):
    monkeypatch.setenv("RAG_TOPK", "3")
    assert main(["search", "--index", index, "kettle"]) == 2
    assert capsys.readouterr().err == "Error: Unknown setting RAG_TOPK. Did you mean RAG_TOP_K?\n"


FACTS = {
    "tank.md": "The tank of the boiler holds 18 litres.",
    "lime.md": "Lime is removed from the boiler every 90 days.",
}
ASKED = [("How much does the tank of the boiler hold?", "tank.md", "18 litres"),
         ("How often is lime removed from the boiler?", "lime.md", "every 90 days")] * 3  # fmt: skip


@pytest.fixture(scope="module")
def dataset(models_dir, tmp_path_factory):
    """A dataset, and the index folder below which its own index will be."""
    folder = tmp_path_factory.mktemp("dataset")
    (folder / "corpus").mkdir()
    for name, text in FACTS.items():
        (folder / "corpus" / name).write_text(text)
    rows = [{"question": q, "relevant": [{"source": s}], "answers": [a], "kind": s} for q, s, a in ASKED]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    shutil.copytree(models_dir, folder / "index" / "models")
    return folder


def evaluated(dataset: Path, *options: str, url: str) -> tuple[dict[str, Any], subprocess.CompletedProcess[str]]:
    arguments = ["--json", "--answers", "--mode", "lexical", "--index", str(dataset / "index"), *options]
    done = run("rag", "eval", str(dataset), *arguments, env={"BASE_URL": url})
    assert done.stdout, done.stderr
    return json.loads(done.stdout)["answers"], done


def say(exchange: Exchange, text: str) -> None:
    exchange.begin_stream()
    exchange.send_text(text, finish="stop")
    exchange.send_event("[DONE]")


def test_eval_scores_the_models_answers_and_compares_them_with_a_baseline(dataset, tmp_path):
    with model_server(lambda exchange: say(exchange, "18 litres [1]")) as (url, requests):
        figures, done = evaluated(dataset, "--limit", "4", "--save", str(tmp_path / "before.json"), url=url)
        shown = run("rag", "eval", str(dataset), "--answers", "--baseline", str(tmp_path / "before.json"),
                    "--index", str(dataset / "index"), env={"BASE_URL": url})  # fmt: skip
    assert (done.returncode, done.stderr.count("scored"), done.stderr.count("Exporting")) == (0, 0, 0)
    assert (figures["by"], figures["questions"], figures["scored"], figures["failed"]) == ("tiny", 6, 4, 0)
    assert (figures["exact_match"], figures["contains"], figures["citation_precision"]) == (0.5, 0.5, 1.0)
    assert len(requests) == 4 + 6
    assert "answers by tiny: 6 of 6" in shown.stdout
    assert "(+0.0000)" in next(line for line in shown.stdout.splitlines() if line.startswith("exact match"))


def test_eval_asks_an_index_that_exists_and_indexes_nothing(dataset, tmp_path):
    folder = index_folder(Dataset.load(dataset), Settings(index_dir=dataset / "index"))
    arguments = ["eval", str(dataset), "--json", "--mode", "lexical"]
    own = run("rag", *arguments, "--index", str(dataset / "index"))
    shutil.copytree(folder, tmp_path / "copy")
    built = run("rag", *arguments, "--built", str(tmp_path / "copy"), "--index", str(tmp_path / "none"))
    first, second = (json.loads(done.stdout) for done in (own, built))
    assert first["protocols"] == second["protocols"]
    assert set(first["protocols"]["lexical"]) == {"precision@3", "recall@3", "mrr@3"}
    assert first["protocols"]["lexical"]["recall@3"] == 1
    assert not (tmp_path / "none").exists()


def test_eval_refuses_an_index_that_is_not_there(dataset, tmp_path):
    done = run("rag", "eval", str(dataset), "--built", str(tmp_path / "nowhere"))
    assert done.returncode not in (0, 1)
    assert "nowhere" in done.stderr
    assert not (tmp_path / "nowhere").exists()


def test_eval_tells_of_a_model_that_fails_on_the_way_and_scores_nothing_in_its_place(dataset):
    def once(exchange: Exchange) -> None:
        if len(exchange.bodies) == 1:
            say(exchange, "18 litres, every 90 days [1]")
        else:
            exchange.send_body(json.dumps({"error": {"message": "out of memory"}}), status=500)

    with model_server(once) as (url, requests):
        figures, done = evaluated(dataset, url=url)
    assert done.returncode == 1
    assert (figures["scored"], figures["failed"], figures["contains"]) == (1, 5, 1.0)
    assert "out of memory" in figures["failure"]
    assert "5 questions were left out" in done.stderr
    assert len(requests) == 4


def test_eval_without_a_model_scores_the_quotes_and_says_so(dataset):
    figures, done = evaluated(dataset, url="http://127.0.0.1:9")
    assert done.returncode == 0
    assert (figures["by"], figures["scored"], figures["failed"], figures["contains"]) == ("quotes", 6, 0, 1.0)
    assert "http://127.0.0.1:9" in done.stderr
    assert "Quotes are scored in its place." in done.stderr


JUDGED = {
    "How much does the tank of the boiler hold?": ("right", "The tank of the boiler holds 18 litres [1]."),
    "How often is lime removed from the boiler?": ("wrong", "Lime is removed from the boiler weekly."),
    "How often must lime be taken out of the boiler?": ("refused", "NOT FOUND"),
    "How large is the tank?": ("bare", "[1]"),
    "Is lime removed?": ("failed", ""),
    "Who sells the tank of the boiler?": ("absent", "The tank of the boiler is sold by Smith [1]."),
}


@pytest.fixture(scope="module")
def judged(dataset, models_dir, tmp_path_factory):
    """A dataset whose questions each get an answer of another worth."""
    folder = tmp_path_factory.mktemp("judged")
    shutil.copytree(dataset / "corpus", folder / "corpus")
    rows = [
        {"question": question, "kind": kind, "language": "en"}
        | ({"answerable": False} if kind == "absent" else {"answers": ["18 litres", "90 days"]})
        for question, (kind, _) in JUDGED.items()
    ]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    shutil.copytree(models_dir, index_folder(Dataset.load(folder), Settings(index_dir=folder / "index")) / "models")
    return folder


def answer_by_question(exchange: Exchange) -> None:
    text = json.dumps(exchange.body["messages"])
    kind, said = next(reply for question, reply in JUDGED.items() if question in text)
    if kind == "failed":
        exchange.send_body(json.dumps({"error": {"message": "out of memory"}}), status=500)
    else:
        say(exchange, said)


def test_eval_tells_what_the_models_words_are_worth_by_kind(judged):
    with model_server(answer_by_question) as (url, _):
        figures, done = evaluated(judged, url=url)
        shown = run("rag", "eval", str(judged), "--answers", "--index", str(judged / "index"), env={"BASE_URL": url})
    by_kind = figures["groups"]["by_kind"]
    for kind in ("right", "wrong", "refused", "bare", "failed"):
        assert (kind, by_kind[kind]["answerable"][kind]) == (kind, 1.0)
    absent = by_kind["absent"]["absent"]
    assert absent["invented"] + absent["marked"] == 1.0
    assert absent["invented"] == absent["answered"]
    assert by_kind["refused"]["answerable"]["reader_finds"] == 1.0
    assert list(figures["groups"]["by_language"]["en"]) == ["answerable", "absent"]
    assert figures["refusals"] == {"precision": 0.0, "recall": 0.0}
    assert (figures["failed"], done.returncode) == (1, 1)
    assert "answers by tiny: 4 of 5" in shown.stdout
    assert "questions that the documents can't answer (per cent)" in shown.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_ends_the_asking_and_shows_what_was_measured(judged, tmp_path):
    def hang_from_the_third_on(exchange: Exchange) -> None:
        if len(exchange.bodies) > 2:
            begin_and_hang(exchange)
        else:
            say(exchange, "18 litres [1]")

    with model_server(hang_from_the_third_on) as (url, requests):
        arguments = ["--answers", "--mode", "lexical", "--index", str(judged / "index")]
        process = subprocess.Popen(
            [sys.executable, "-m", "rag", "eval", str(judged), "--save", str(tmp_path / "kept.json"), *arguments],
            cwd=ROOT, env={**os.environ, "BASE_URL": url}, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while len(requests) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        shown, told = process.communicate(timeout=30)
    assert process.returncode == 130, told
    assert "these figures are partial: stopped after 2 of 6 questions" in shown
    assert "Traceback" not in told
    kept = json.loads((tmp_path / "kept.json").read_text())["answers"]
    assert (kept["partial"], kept["asked"], kept["failed"]) == (True, 2, 0)
