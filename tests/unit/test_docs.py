"""What README and pyproject.toml promise is what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from rag.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def _row(env: str) -> str:
    return next((line for line in README.splitlines() if line.startswith(f"| `{env}` |")), "")


@pytest.mark.parametrize("spec", fields(Settings), ids=lambda spec: spec.metadata["env"])
def test_every_setting_stands_in_the_readme_with_its_default(spec):
    default = str(spec.default) if str(spec.default) else "empty"
    assert f"`{default}`" in _row(spec.metadata["env"]) or default in _row(spec.metadata["env"])


def test_the_readme_names_no_setting_that_does_not_exist():
    known = {spec.metadata["env"] for spec in fields(Settings)}
    assert set(re.findall(r"\bRAG_[A-Z_]+\b", README)) <= known


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
def test_every_command_explains_itself(command):
    shown = subprocess.run(
        [sys.executable, "-m", *command, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert "--corpus" in shown or "COMMAND" in shown
    assert f"python -m {' '.join(command)}" in shown
    assert f"python -m {' '.join(command)}" in README


@pytest.mark.parametrize(
    "command",
    ["", *(f" {name}" for name in "ingest check status search ask compare eval doctor models serve mcp".split())],
)
def test_every_command_of_pagewise_has_a_row_in_the_readme(command):
    rows = [line for line in README.splitlines() if line.startswith("| `pagewise")]
    assert len([row for row in rows if re.match(rf"\| `pagewise{command}[` ]", row)]) >= 1
    assert len(rows) == 12


def test_every_benchmark_that_is_named_exists():
    files = [path for folder in ("rag", "ingest", "page", "bench") for path in (ROOT / folder).rglob("*.*")]
    texts = [path.read_text("utf-8") for path in files if path.suffix in (".py", ".md")]
    named = set(re.findall(r"\bbench[./][a-z_]+(?:[./][a-z_]+)*", "\n".join([README, CONTRIBUTING, *texts])))
    paths = {ROOT / name.replace(".", "/").removesuffix("/py") for name in named}
    assert sorted(path for path in paths if not path.exists() and not path.with_suffix(".py").exists()) == []


def test_ci_runs_the_test_command_of_the_readme():
    assert "uv run pytest" in README
    assert "uv run pytest" in (ROOT / "scripts" / "test").read_text("utf-8")
    assert {"scripts/install", "scripts/check", "scripts/test"} <= set(
        (ROOT / ".ci" / "run").read_text("utf-8").split()
    )


@pytest.mark.parametrize("path", sorted((ROOT / "scripts").iterdir()), ids=lambda path: path.name)
def test_every_script_stands_in_the_docs_with_what_to_type_on_windows(path):
    assert f"`scripts/{path.name}`" in README
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
