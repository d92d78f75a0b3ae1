"""The process that draws pages, as the page's server sees it: asked, watched, ended if it takes too long."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from pathlib import Path
from typing import Any

from rag.processes import make_command, make_environment

LONGEST_S = 20.0
"""How long a page may take. An honest one takes a tenth of a second."""
_NOT_DRAWN = "This page can't be drawn: its file is damaged, or asks for too much."


class DrawingError(Exception):
    """What is asked for can't be drawn; the message is a sentence for the reader."""


class Drawer:
    """Draws pages, one after the other. Its process starts with the first, or before by `warm_up`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_closed = False

    def warm_up(self) -> None:
        """Start the process, if it doesn't run yet."""
        with self._lock:
            self._start()

    def ask(self, wants: str, path: Path, passwords: tuple[str, ...], **more: object) -> tuple[dict[str, Any], bytes]:
        """What `page.reader.program` answers, and the picture. Raises DrawingError."""
        request = {"wants": wants, "path": str(path), "passwords": passwords, **more}
        with self._lock:
            process = self._start()
            timer = threading.Timer(LONGEST_S, process.kill)
            timer.start()
            try:
                answer, picture = self._exchange(process, request)
            except (OSError, ValueError) as error:
                self._end()
                raise DrawingError(_NOT_DRAWN) from error
            finally:
                timer.cancel()
        if "error" in answer:
            raise DrawingError(f"This page can't be drawn ({answer['error']}).")
        return answer, picture

    def close(self) -> None:
        """End the process; nothing is drawn any more."""
        self._is_closed = True
        process = self._process
        if process:
            process.kill()
        with self._lock:
            self._end()

    def _start(self) -> subprocess.Popen[bytes]:
        if self._is_closed:
            raise DrawingError("The service is shutting down.")
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = subprocess.Popen(
                make_command("page.reader.program"),
                env=make_environment(PYTHONUTF8="1"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._process

    def _exchange(self, process: subprocess.Popen[bytes], request: dict[str, object]) -> tuple[dict[str, Any], bytes]:
        """Raises OSError or ValueError if the process has died."""
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        answer: dict[str, Any] = json.loads(process.stdout.readline())
        picture = process.stdout.read(answer["bytes"])
        if len(picture) < answer["bytes"]:
            raise ValueError("the picture is cut off")
        return answer, picture

    def _end(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                stream.close()  # type: ignore[union-attr]  # both are pipes
        self._process = None
