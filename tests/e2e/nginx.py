"""The genuine nginx, with the settings that `deploy/` gives for it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.e2e.serving import ROOT, free_port, stop

# As a web site's owner has it around what `deploy/nginx.conf` says, but with all that it writes in one folder.
_AROUND = """
user root;
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        {ours}
    }}
}}
"""


@contextmanager
def running_nginx(folder: Path, target: int, prefix: str) -> Iterator[str]:
    """The page's address behind it: below `prefix`, from the server at the port `target`."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/bin")
    if program is None:
        pytest.skip("Its settings are tried with nginx itself; install nginx-light.")
    port = free_port()
    ours = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
    ours = ours.replace("127.0.0.1:8000", f"127.0.0.1:{target}").replace("/papers", prefix)
    folder.mkdir()
    (folder / "nginx.conf").write_text(_AROUND.format(folder=folder, port=port, ours=ours), "utf-8")
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf")])
    try:
        _wait_until_up(port, process)
        yield f"http://127.0.0.1:{port}{prefix}/"
    finally:
        stop(process)


def _wait_until_up(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert process.poll() is None, "nginx has ended"
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("nginx doesn't answer")
