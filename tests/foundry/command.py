"""A stand-in for the command `foundry`, which prints what the genuine ones print and does nothing else."""

from __future__ import annotations

from pathlib import Path

CURRENT = """State    Ready
PID      29056
Started  2026-07-27 05:17:06Z
Uptime   48m 44s
Web URLs {address}"""
"""What ``foundry server status`` of 0.10.2 prints."""
OLDER = "🟢 Model management service is running on {address}/openai/status\nEP autoregistration status: Successful"
"""What ``foundry service status`` of 0.8 prints."""
OLDER_STOPPED = (
    "🔴 Model management service is not running!\n"
    "To start the service, run the following command: foundry service start"
)
UNKNOWN = "● error: Unrecognized command or argument '{word}'.\nHint: Run 'foundry --help' to see usage."
"""What 0.10.2 prints of a command that it doesn't have."""


def put_command(folder: Path, *, server: str | None = None, service: str | None = None, asked: Path) -> Path:
    """Make an executable `foundry` in the folder, which notes its arguments in the file `asked`.

    `server` and `service` are what these two commands print about their status; None is a command that it lacks.
    """
    lines = ["#!/bin/sh", f'echo "$*" >> "{asked}"', 'case "$1 $2" in']
    for word, printed in (("server", server), ("service", service)):
        text = folder / f"{word}.txt"
        text.write_text(UNKNOWN.format(word=word) if printed is None else printed, encoding="utf-8")
        lines.append(f'"{word} status") cat "{text}"; exit {1 if printed is None else 0};;')
    command = folder / "foundry"
    command.write_text("\n".join([*lines, "esac", "exit 1", ""]), encoding="utf-8")
    command.chmod(0o755)
    return command
