from __future__ import annotations

import os
import shutil
import stat
import sys
import time

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from page.access.login import (
    MOST_TRIES,
    EndedLogins,
    LimitTries,
    distrust_callers,
    find_network,
    is_password,
    make_signing_secret,
)
from rag.errors import SettingsError


def test_a_password_is_right_or_wrong():
    assert is_password("correct horse ä", "correct horse ä")
    assert not is_password("correct horse a", "correct horse ä")
    assert not is_password("", "correct horse ä")


def test_the_secret_stays_the_same_for_one_password_and_changes_with_it(tmp_path):
    secrets = [make_signing_secret(tmp_path / "page", word) for word in ("first word", "first word", "second word")]
    assert secrets[0] == secrets[1] != secrets[2]
    assert make_signing_secret(tmp_path / "other", "first word") != secrets[0]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes.")
def test_the_secret_is_readable_by_its_user_alone(tmp_path):
    make_signing_secret(tmp_path / "page", "first word")
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "page", tmp_path / "page" / "login.key")]
    assert modes == [0o700, 0o600]


def test_an_ended_login_is_known_to_every_server_of_the_index_and_until_the_cookie_expires(tmp_path):
    ended = EndedLogins(tmp_path / "ended", 60)
    ended.end("a" * 32)
    other = EndedLogins(tmp_path / "ended", 60)
    assert (other.is_ended("a" * 32), other.is_ended("b" * 32)) == (True, False)
    os.utime(tmp_path / "ended" / ("a" * 32), (1, time.time() - 61))
    ended.end("c" * 32)
    assert [path.name for path in (tmp_path / "ended").iterdir()] == ["c" * 32]


def test_a_login_stays_ended_though_its_folder_is_deleted_or_cannot_be_made(tmp_path):
    ended = EndedLogins(tmp_path / "ended", 60)
    ended.end("a" * 32)
    shutil.rmtree(tmp_path / "ended")
    (tmp_path / "ended").touch()
    ended.end("b" * 32)
    assert ended.is_ended("a" * 32)
    assert ended.is_ended("b" * 32)


@pytest.mark.parametrize(("given", "kept"), [(None, ""), ("192.0.2.7", "192.0.2.7")])
def test_only_proxies_that_were_named_are_believed(monkeypatch, given, kept):
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", given or "")
    monkeypatch.delenv("FORWARDED_ALLOW_IPS") if given is None else None
    distrust_callers()
    assert os.environ["FORWARDED_ALLOW_IPS"] == kept
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    with pytest.raises(SettingsError, match="without end"):
        distrust_callers()


async def log_in(request: Request):
    return PlainTextResponse("", 200 if await request.body() == b"right" else 401)


@pytest.fixture
def client():
    app = Starlette(routes=[Route("/login", log_in, methods=["GET", "POST"])])
    app.add_middleware(LimitTries, password="right")
    return TestClient(app)


def test_after_a_few_wrong_passwords_even_the_right_one_has_to_wait(client):
    wrong = [client.post("/login", content="wrong").status_code for _ in range(MOST_TRIES)]
    assert wrong == [401] * MOST_TRIES
    answer = client.post("/login", content="right")
    assert (answer.status_code, answer.json()["detail"]) == (429, "Too many wrong passwords. Wait 60 seconds.")


def test_a_right_password_clears_the_wrong_ones(client):
    tries = [*["wrong"] * (MOST_TRIES - 1), "right"] * 3
    assert 429 not in [client.post("/login", content=word).status_code for word in tries]


def test_the_login_page_itself_is_never_limited(client):
    assert {client.get("/login").status_code for _ in range(3 * MOST_TRIES)} == {401}


def test_one_address_does_not_limit_another(client):
    for _ in range(MOST_TRIES + 1):
        client.post("/login", content="wrong")
    other = TestClient(client.app, client=("192.0.2.1", 5000))
    assert other.post("/login", content="right").status_code == 200


@pytest.mark.parametrize(
    ("address", "network"),
    [("192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("testclient", "testclient")],
)
def test_an_ipv6_network_counts_as_one(address, network):
    assert find_network({"client": (address, 1)}) == network
