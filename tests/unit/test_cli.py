"""Commands that are told to end, wherever they are just then."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import pytest

from rag import cli

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

STOPPED = "Stopped. What was done so far is kept; run it again to go on.\n"
CODE = 128 + signal.SIGTERM


@pytest.fixture(autouse=True)
def own_process():
    """Signals as in a new process; afterwards they are as before, and so are the rights that new files get."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGTERM, signal.SIGHUP)}
    mask = os.umask(0o077)
    yield
    os.umask(mask)
    for number, handler in before.items():
        signal.signal(number, handler)


def tell_to_end() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_a_stop_out_of_which_a_library_makes_another_error_is_still_one(capsys):
    """As the start of a compiled module does, or a group of tasks."""

    def import_library() -> int:
        try:
            tell_to_end()
        except BaseException:
            raise ImportError("initialization failed") from None
        return 0

    assert (cli.run(import_library), capsys.readouterr().err) == (CODE, STOPPED)


def test_an_error_without_a_stop_is_raised_as_it_is():
    def fail() -> int:
        raise ImportError("initialization failed")

    with pytest.raises(ImportError, match="initialization failed"):
        cli.run(fail)


def answer(after: float) -> int:
    """Work that is told to end in a callback of asyncio, which loses what is raised there."""
    cleaned = []

    async def work() -> None:
        asyncio.get_running_loop().call_soon(tell_to_end)
        try:
            await asyncio.sleep(after)
        finally:
            cleaned.append(True)

    try:
        cli.work_while_read(work())
    finally:
        assert cleaned
    return 0


@pytest.mark.parametrize("after", [30.0, 0.0])
def test_a_stop_in_the_midst_of_asyncio_cancels_the_work_and_is_not_lost(after, capsys, caplog):
    assert (cli.run(lambda: answer(after)), capsys.readouterr().err) == (CODE, STOPPED)
    assert caplog.text == ""


def test_the_next_command_of_the_process_knows_nothing_of_an_earlier_stop():
    def be_told() -> int:
        tell_to_end()
        return 0

    assert cli.run(be_told) == CODE
    assert cli.run(lambda: 0) == 0
    assert cli.run(lambda: cli.work_while_read(asyncio.sleep(0, 7))) == 7
