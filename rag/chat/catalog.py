"""The models of Foundry Local in this process: which there are, and what is kept of them on the disk.

Everything here blocks, up to the minutes of a download. What goes wrong is a ModelUnavailableError.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag.chat.foundry import FoundryRuntime, find_own, prefer_cached, translate_errors
from rag.chat.on_disk import read_context_length
from rag.errors import ModelUnavailableError, SettingsError

if TYPE_CHECKING:
    from foundry_local_sdk import IModel

_TASK = "chat-completion"
_VERSION = 1
"""Of a folder that is registered; the runtime wants one in each id."""


@dataclass(frozen=True, slots=True)
class KnownModel:
    """One variant of a model, for one kind of device."""

    alias: str
    id: str
    place: str
    """``catalog``, ``own folder``, or the address of the server that has it."""
    device: str = ""
    """``CPU``, ``GPU`` or ``NPU``; empty where that isn't told."""
    megabytes: int | None = None
    """On the disk, or of the download."""
    on_disk: bool = False
    loaded: bool = False
    is_best: bool = False
    """Whether Foundry Local takes this variant, on this machine, for the alias."""
    context_length: int | None = None


def list_known(runtime: FoundryRuntime) -> list[KnownModel]:
    """The user's own models, then the catalog's with all variants; offline the downloaded ones, after four seconds."""
    from foundry_local_sdk.catalog import CatalogType

    with translate_errors(""):
        own = [_describe(model, "own folder") for model in runtime.start().get_catalog(CatalogType.LOCAL).list_models()]
        listed = runtime.list_models()
        best = {prefer_cached(model).id for model in listed}
        variants = [variant for model in listed for variant in (model.variants or [model])]
        return own + [_describe(variant, "catalog", is_best=variant.id in best) for variant in variants]


def _describe(model: IModel, place: str, *, is_best: bool = True) -> KnownModel:
    info, on_disk = model.info, model.is_cached
    folder = Path(model.get_path()) if on_disk else None
    size = info.file_size_mb
    if folder and not size:
        size = round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1_000_000)
    device = info.runtime.device_type if info.runtime else None
    limit = (read_context_length(folder) if folder else None) or model.context_length
    return KnownModel(model.alias, model.id, place, str(device or ""), size, on_disk, model.is_loaded, is_best, limit)


def download(runtime: FoundryRuntime, name: str, on_percent: Callable[[float], None]) -> str:
    """Download the variant that is best for this machine, or the one of that id; returns its id."""
    with translate_errors(name):
        model = runtime.find(name)
        if not model.is_cached:
            model.download(on_percent, runtime.stopping)
        return model.id


def remove(runtime: FoundryRuntime, name: str) -> list[str]:
    """Delete what was downloaded of the model, each variant; one of the user's own folders is only forgotten.

    Returns the ids. Raises SettingsError if nothing of that name is on the disk.
    """
    from foundry_local_sdk.catalog import CatalogType

    with translate_errors(name):
        manager = runtime.start()
        if own := find_own(manager, name):
            manager.get_catalog(CatalogType.LOCAL).unregister_model(own.id)
            return [own.id]
        listed = runtime.list_models()
        variants = [variant for model in listed for variant in (model.variants or [model])]
        wanted = name.casefold()
        cached = [one for one in variants if one.is_cached and wanted in (one.alias.casefold(), one.id.casefold())]
        for variant in cached:
            variant.remove_from_cache()
    if not cached:
        raise SettingsError(f"No model {name} is on the disk. pagewise models lists those that are.")
    return [variant.id for variant in cached]


def register(runtime: FoundryRuntime, folder: Path, name: str) -> str:
    """Make a folder's model known by that name, from now on and in every process; returns its id.

    The folder stays where it is and is never deleted. Raises SettingsError for a folder that holds no model, or a name
    that can't be one or is taken.
    """
    from foundry_local_sdk import FoundryLocalException, ModelInfoBuilder
    from foundry_local_sdk.catalog import CatalogType

    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name):
        raise SettingsError(f"{name!r} can't be a model's name. Use letters, digits, dots and hyphens.")
    if not (folder / "genai_config.json").is_file():
        raise SettingsError(
            f"{folder} holds no model for ONNX Runtime: there is no genai_config.json. Name the folder that has it."
        )
    model_id = f"{name}:{_VERSION}"
    with translate_errors(name):
        manager = runtime.start()
        if find_own(manager, model_id):
            raise SettingsError(
                f"There is a model {name} already. Choose another name, or: pagewise models remove {name}"
            )
        metadata = ModelInfoBuilder().set_string_property("task", _TASK)
        try:
            return manager.get_catalog(CatalogType.LOCAL).register_model(folder.resolve(), model_id, metadata).id
        except FoundryLocalException as exc:
            said = str(exc).rpartition(") ")[2]
            raise ModelUnavailableError(f"{folder} can't be registered ({said}).") from exc
