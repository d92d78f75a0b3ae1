"""The files in deploy/: what they copy, call and set exists. That the image can be built, no test can say."""

from __future__ import annotations

import plistlib
import re
import shlex
from pathlib import Path

import pytest

from page.command import _make_parser
from rag.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
TEXTS = {path.name: path.read_text("utf-8") for path in sorted(DEPLOY.iterdir())}

OPEN_WEBUI = {"RAG_EMBEDDING_ENGINE", "RAG_EMBEDDING_MODEL", "RAG_OPENAI_API_BASE_URL", "RAG_OPENAI_API_KEY"}
"""Settings of Open WebUI, whose names begin as ours do."""


def test_what_the_image_copies_is_there_and_all_that_is_needed():
    copied = [word for line in re.findall(r"^COPY (.*)$", TEXTS["Dockerfile"], re.M) for word in line.split()[:-1]]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert packages <= set(copied)


@pytest.mark.parametrize("name", TEXTS)
def test_the_settings_that_are_named_exist(name: str):
    known = OPEN_WEBUI | {spec.metadata["env"] for spec in Settings.__dataclass_fields__.values()}
    assert set(re.findall(r"\bRAG_[A-Z_]+\b", TEXTS[name])) <= known


def test_the_options_with_which_the_page_is_started_exist():
    command = re.search(r"^CMD \[(.*)\]$", TEXTS["Dockerfile"], re.M)
    service = re.search(r"^ExecStart=\S*/pagewise (.*)$", TEXTS["pagewise.service"], re.M)
    proxied = re.search(r"pagewise (--headless .*)$", TEXTS["nginx.conf"], re.M)
    assert command
    assert service
    assert proxied
    (agent,) = re.findall(r"```xml\n(.*?)```", TEXTS["README.md"], re.DOTALL)
    arguments = plistlib.loads(agent.encode())["ProgramArguments"]
    given = [
        shlex.split(command[1].replace(",", " "))[1:],
        service[1].split(),
        proxied[1].split(),
        arguments[1:],
    ]
    for options in given:
        assert _make_parser("").parse_args(options).headless
    assert _make_parser("").parse_args(given[2]).root_path == "/papers"


def test_open_webui_calls_the_page_by_a_name_that_it_answers_to_with_its_password():
    page, beside = TEXTS["compose.yaml"], TEXTS["open-webui.yaml"]
    assert re.findall(r"^      RAG_HOSTS: (.*)$", page, re.M) == ["pagewise,${RAG_HOSTS:-}"]
    assert "RAG_HOSTS" not in beside  # it would take the place of what the user set
    assert re.findall(r"_URLS?: http://([^/]*)/v1$", beside, re.M) == ["pagewise:8000"] * 2
    assert [key[:14] for key in re.findall(r"_KEYS?: (.*)$", beside, re.M)] == ["${RAG_PASSWORD"] * 2
    ports = re.findall(r"^      - (127\.0\.0\.1:\d+):\d+$", f"{page}{beside}", re.M)
    assert sorted(ports) == ["127.0.0.1:3000", "127.0.0.1:8000"]
