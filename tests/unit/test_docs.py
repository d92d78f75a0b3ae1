"""What README and pyproject.toml promise is what the code does."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shlex
import subprocess
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from rag.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = {path: path.read_text("utf-8") for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]}
DOCS = "\n".join(PAGES.values())
COMMANDS = PAGES[ROOT / "docs" / "commands.md"]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def _load_reference() -> Any:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "reference.py")
    assert spec
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["settings.md", "commands.md"])
def test_the_tables_of_settings_and_commands_are_those_of_the_code(name):
    reference = _load_reference()
    page = PAGES[ROOT / "docs" / name]
    assert page == reference.fill_in(page, reference.PARTS[name]()), "run: uv run python docs/reference.py"


def test_every_link_between_the_pages_leads_somewhere():
    links = [
        (path, *link)
        for path, text in PAGES.items()
        for link in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)", text)
    ]
    for path, target, anchor in links:
        file = (path.parent / target).resolve() if target else path
        assert file.exists(), f"{path}: {target}"
        heads = re.findall(r"^#+ (.*)$", PAGES[file], re.MULTILINE) if anchor else []
        names = [re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads]
        assert not anchor or anchor in names, f"{path}: {target}#{anchor}"


def test_every_page_stands_in_the_site_s_menu():
    menu = (ROOT / "mkdocs.yml").read_text("utf-8")
    names = [path.relative_to(ROOT / "docs").as_posix() for path in PAGES if path.is_relative_to(ROOT / "docs")]
    assert [name for name in names if f": {name}\n" not in menu] == []


NOT_RUN_HERE = {
    ".venv/bin/pagewise": "the page, which tests/e2e opens",
    ".venv/bin/python": "installs from a registry; tests/e2e/test_installed.py installs without one",
    "cd": "goes to a folder of the reader's",
    "claude": "another program",
    "docker": "not on a machine of the tests",
    "foundry": "another program, which tests/foundry imitates",
    "npm": "installs from a registry; tests/e2e/test_browser_search.py runs it as the page tells it",
    "ollama": "another program",
    "open-webui": "another program, too large for the tests",
    "pip": "installs from a registry",
    "python": "installs from a registry, or is held to the code below",
    "uv": "installs from a registry, or runs what others check",
}
"""Programs whose lines in the docs no test runs."""


def _list_commands() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", DOCS, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return list(dict.fromkeys(line for line in lines if not line.startswith("export ")))


@pytest.mark.parametrize("line", _list_commands())
def test_every_command_of_the_docs_is_one_that_the_code_takes_or_known_not_to_run_here(line):
    from ingest.__main__ import _make_parser as make_ingest_parser
    from page.command import _make_parser as make_page_parser
    from rag.__main__ import _make_parser as make_rag_parser

    words = shlex.split(line)
    while words and re.match(r"[A-Z_]+=", words[0]):
        name = words.pop(0).partition("=")[0]
        assert name in {spec.metadata["env"] for spec in fields(Settings)}, name
    program, *given = words
    if program != "pagewise":
        assert program in NOT_RUN_HERE
        return
    if not given or given[0].startswith("-"):
        make_page_parser("").parse_args(given)
    elif given[0] == "ingest":
        make_ingest_parser("pagewise ingest").parse_args(given[1:])
    elif given[0] in ("status", "check"):
        make_ingest_parser("pagewise").parse_args(given)
    else:
        make_rag_parser("pagewise").parse_args(given)


def test_the_docs_name_no_setting_that_does_not_exist():
    known = {spec.metadata["env"] for spec in fields(Settings)}
    assert set(re.findall(r"\bRAG_[A-Z_]+\b", DOCS)) <= known


@pytest.mark.parametrize(
    "command",
    [
        ["ingest"],
        ["ingest", "status"],
        ["rag"],
        ["rag", "search"],
        ["rag", "ask"],
        ["rag", "eval"],
        ["rag", "compare"],
        ["rag", "doctor"],
        ["rag", "models"],
    ],
    ids=" ".join,
)
def test_every_command_explains_itself(command, capsys):
    package, *rest = command
    with pytest.raises(SystemExit, match="0"):
        importlib.import_module(f"{package}.__main__").main([*rest, "--help"])
    shown = capsys.readouterr().out
    assert "--corpus" in shown or "COMMAND" in shown
    assert f"python -m {' '.join(command)}" in shown
    assert f"python -m {' '.join(command)}" in COMMANDS


@pytest.mark.parametrize(
    "command",
    ["", *(f" {name}" for name in "ingest check status search ask compare eval doctor models serve mcp".split())],
)
def test_every_command_of_pagewise_has_a_row_in_the_docs(command):
    rows = [line for line in COMMANDS.splitlines() if line.startswith("| `pagewise")]
    assert len([row for row in rows if re.match(rf"\| `pagewise{command}[` ]", row)]) >= 1
    assert len(rows) == 12


def test_every_benchmark_that_is_named_exists():
    files = [path for folder in ("rag", "ingest", "page", "bench") for path in (ROOT / folder).rglob("*.*")]
    texts = [path.read_text("utf-8") for path in files if path.suffix in (".py", ".md")]
    named = set(re.findall(r"\bbench[./][a-z_]+(?:[./][a-z_]+)*", "\n".join([DOCS, CONTRIBUTING, *texts])))
    modules = {name: ROOT / name.replace(".", "/").removesuffix("/py") for name in named}
    assert [
        name
        for name, path in sorted(modules.items())
        if not (path.exists() or path.with_suffix(".py").exists() or (ROOT / name).exists())
    ] == []


def test_ci_runs_the_test_command_of_the_readme():
    assert "uv run pytest" in README
    assert "uv run pytest" in (ROOT / "scripts" / "test").read_text("utf-8")
    assert {"scripts/install", "scripts/check", "scripts/test"} <= set(
        (ROOT / ".ci" / "run").read_text("utf-8").split()
    )


@pytest.mark.parametrize("path", sorted((ROOT / "scripts").iterdir()), ids=lambda path: path.name)
def test_every_script_stands_in_the_docs_with_what_to_type_on_windows(path):
    row = next(line for line in CONTRIBUTING.splitlines() if line.startswith(f"| `scripts/{path.name}` |"))
    for command in re.findall(r"`(uv [^`]*)`", row):
        assert command in path.read_text("utf-8")


def test_the_page_for_contributors_names_no_script_that_does_not_exist():
    named = set(re.findall(r"`scripts/([a-z]+)", README + CONTRIBUTING))
    assert named == {path.name for path in (ROOT / "scripts").iterdir()}


def test_the_pip_constraints_fit_the_floors():
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line and not line.lstrip().startswith(("#", "-"))]
    pinned = {canonicalize_name(pin.name): pin for pin in pins}
    for text in PROJECT["project"]["dependencies"]:
        wanted = Requirement(text)
        version = next(iter(pinned[canonicalize_name(wanted.name)].specifier)).version
        assert wanted.specifier.contains(version), text


def test_no_file_names_a_package_registry():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout, so the committed files can't be told from others")
    hosts = ("py" + "pi.org", "python" + "hosted.org", "registry." + "npmjs")
    texts = {name: (ROOT / name).read_bytes().decode("utf-8", "replace") for name in listed.stdout.splitlines()
             if (ROOT / name).is_file()}  # fmt: skip
    assert [name for name, text in texts.items() if any(host in text for host in hosts)] == []
