"""The command `models`: which language models there are, and what is on the disk and in memory of them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, replace

from rag import cli
from rag.chat import catalog, foundry_service
from rag.chat.catalog import KnownModel
from rag.chat.foundry import FoundryRuntime
from rag.chat.probing import find_list, pick_model, probe, probe_azure, run_briefly
from rag.chat.routing.configured import list_settings
from rag.errors import ModelUnavailableError, RagError
from rag.settings import Settings
from rag.types import Endpoint

_NO_SERVICE = (
    "There is no service of Foundry Local beside Pagewise to {what} a model in. Start one (foundry server start) or set"
    " BASE_URL to its address; in its own process Pagewise loads its model itself, and frees it after RAG_IDLE_MINUTES."
)


def run_models(options: argparse.Namespace) -> int:
    """Run the subcommand; without one, list the models."""
    settings = cli.load_settings(options)
    with cli.logging_errors_alone():
        return _run(settings, options.action or "list", options)


def _run(settings: Settings, action: str, options: argparse.Namespace) -> int:
    if action == "list":
        return _list(settings, as_json=options.json)
    if action in ("load", "unload"):
        done = _use_service(settings, action, options.model)
    else:
        with _running(settings) as runtime:
            done = _change_disk(runtime, action, options)
    if options.json:
        cli.print_json({"action": action, "models": done})
    else:
        verbs = {"load": "loaded", "unload": "unloaded", "download": "on the disk", "remove": "removed", "add": "known"}
        cli.show("\n".join(f"{model_id} is {verbs[action]}." for model_id in done))
    return 0


@contextmanager
def _running(settings: Settings) -> Iterator[FoundryRuntime]:
    with closing(FoundryRuntime(settings.foundry_dir, settings.foundry_catalog_url)) as runtime:
        yield runtime


def _change_disk(runtime: FoundryRuntime, action: str, options: argparse.Namespace) -> list[str]:
    if action == "download":
        return [catalog.download(runtime, options.model, _show_percent)]
    if action == "remove":
        return catalog.remove(runtime, options.model)
    return [catalog.register(runtime, options.folder, options.name or options.folder.resolve().name)]


def _show_percent(percent: float) -> None:
    begin, end = ("\r", "\n" * (percent >= 100)) if sys.stderr.isatty() else ("", "\n")
    sys.stderr.write(f"{begin}Downloading: {percent:.0f} %{end}")
    sys.stderr.flush()


# The list


def _list(settings: Settings, *, as_json: bool) -> int:
    found: list[KnownModel] = []
    failures: list[str] = []
    for find in (_list_served, _list_local):
        try:
            found += find(settings)
        except RagError as exc:
            failures.append(str(exc))
    if as_json:
        cli.print_json({"models": [asdict(model) for model in found], "failures": failures})
    else:
        _show_table(found)
        for failure in failures:
            cli.say(f"Error: {failure}")
    return 1 if failures else 0


def _list_served(settings: Settings) -> list[KnownModel]:
    """What the route's servers offer; if there are none, the service that the command `foundry` tells."""
    servers = {
        (one.base_url, one.azure_endpoint, one.model if one.azure_endpoint else ""): one
        for one in list_settings(settings).values()
        if one.base_url or one.azure_endpoint
    }
    found = [model for one in servers.values() for model in _list_offered(one)]
    address = "" if servers else foundry_service.find_address()
    return _list_offered(replace(settings, base_url=address)) if address else found


def _list_offered(settings: Settings) -> list[KnownModel]:
    if not settings.base_url:  # Azure has no list of deployments, so the one that is named is looked for
        azure = (settings.azure_endpoint, settings.azure_api_key, settings.azure_api_version)
        deployed = probe_azure(*azure, settings.model)
        return [KnownModel(deployed.model_id, deployed.model_id, deployed.base_url)]
    place, offered = find_list(settings.base_url, settings.api_key)
    endpoint = Endpoint(place, settings.api_key, settings.model)
    loaded = run_briefly(foundry_service.list_loaded(endpoint)) if any(map(_is_foundrys, offered)) else None
    return [
        KnownModel(name, name, place, loaded=name in (loaded or ()), on_disk=loaded is not None, context_length=length)
        for name, length in offered.items()
    ]


def _list_local(settings: Settings) -> list[KnownModel]:
    with _running(settings) as runtime:
        return catalog.list_known(runtime)


def _is_foundrys(model_id: str) -> bool:
    return foundry_service.may_be_foundry(Endpoint("", "", model_id))


def _show_table(models: Sequence[KnownModel]) -> None:
    from rag.text.hostile import show_name

    if not models:
        cli.show("No model is known: nothing is downloaded, and no catalog or server can be reached.")
        return
    heads = ("ALIAS", "ID", "WHERE", "DEVICE", "SIZE", "STATE")
    rows = [heads, *((*map(show_name, (one.alias, one.id, one.place)), *_describe(one)) for one in models)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    for row in rows:
        cli.show("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def _describe(model: KnownModel) -> tuple[str, str, str]:
    size = f"{model.megabytes:,} MB" if model.megabytes is not None else ""
    state = ["loaded"] * model.loaded + ["on the disk"] * model.on_disk
    return model.device, size, ", ".join(state)


# The models of a service


def _use_service(settings: Settings, action: str, model: str) -> list[str]:
    address = settings.base_url or foundry_service.find_address()
    if not address:
        raise ModelUnavailableError(_NO_SERVICE.format(what=action))
    if action == "load":
        endpoint = probe(address, settings.api_key, model)
        run_briefly(foundry_service.load(endpoint))
        return [endpoint.model_id]
    url, offered = find_list(address, settings.api_key)
    endpoint = Endpoint(url, settings.api_key, pick_model(model, list(offered)) or model, alias=model)
    run_briefly(foundry_service.unload(endpoint))
    return [endpoint.model_id]
