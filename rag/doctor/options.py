"""The options of the commands `doctor` and `models`. What they do is loaded when one of them runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from rag import cli

_DOCTOR = """Check interpreter, packages, disk, folder of documents, index, models, port and browser page. The index is
read as a whole, for at most half a minute, and the language model is asked for one token. Nothing is changed or
downloaded. Each part is a line: ok, or what is wrong and below it the fix. With --json it is {"ok", "checks": [{"name",
"ok", "detail", "fix", "milliseconds"}]}. The exit code is 1 if anything is wrong."""

_MODELS = """List the language models: those that the server at BASE_URL offers, or the service that the command foundry
tells; those of Foundry Local's catalog, each variant for a kind of device; and folders of your own. Where the catalog
can't be reached, that takes some seconds and lists what is downloaded. With --json it is {"models": [{"alias", "id",
"place", "device", "megabytes", "on_disk", "loaded", "is_best", "context_length"}], "failures"}, and after an action
{"action", "models"}."""

_ACTIONS = {
    "download": "download a model, in the variant that is best for this machine",
    "load": "have the service of Foundry Local take a model into its memory",
    "unload": "have that service free the memory of a model",
    "remove": "delete a downloaded model; a folder of your own is only forgotten",
    "add": "make a model in a folder of your own known, which stays where it is",
}


def add_doctor(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    doctor = commands.add_parser("doctor", help="check every part, and name the fix", description=_DOCTOR)
    doctor.set_defaults(run=_examine)
    doctor.add_argument("--host", default="127.0.0.1", help="address that the page is to listen at")
    doctor.add_argument("--port", type=int, default=8000, help="port that it is to listen at (default: 8000)")
    cli.add_common(doctor)


def add_models(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    models = commands.add_parser("models", help="list, download, load and remove models", description=_MODELS)
    models.set_defaults(run=_manage_models)
    cli.add_common(models)
    actions = models.add_subparsers(dest="action", metavar="ACTION")
    actions.add_parser("list", help="the same as without an action")
    for action, what in _ACTIONS.items():
        command = actions.add_parser(action, help=what, description=f"{what[0].upper()}{what[1:]}.")
        if action == "add":
            command.add_argument("folder", type=Path, help="folder with a genai_config.json")
            command.add_argument("--name", help="what to call the model (default: the folder's name)")
        else:
            command.add_argument("model", help="its alias, such as phi-4-mini, or its id")
    for command in actions.choices.values():
        cli.add_common(command, default=argparse.SUPPRESS)


def _manage_models(options: argparse.Namespace) -> int:
    from rag.doctor.models import run_models

    return run_models(options)


def _examine(options: argparse.Namespace) -> int:
    from rag.doctor.command import run_doctor

    return run_doctor(options)
