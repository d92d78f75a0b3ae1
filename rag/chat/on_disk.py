"""What Foundry Local keeps on the disk, read without it: which models are there, and how much they can hold."""

from __future__ import annotations

import json
import os
from pathlib import Path

APP_NAME = "pagewise"


def find_data_dir(given: str) -> Path:
    """Foundry Local's own folder, in which it looks for models and keeps them."""
    return Path(os.path.abspath(os.path.expanduser(given))) if given else Path.home() / f".{APP_NAME}"


def may_be_downloaded(data_dir: Path, alias: str) -> bool:
    """Whether a model by this alias or id seems to be on the disk; a folder that can't be told counts as one.

    It reads what the runtime wrote there: each model's id, and the list of the catalog's models as it was last seen.
    """
    cache = data_dir / "cache" / "models"
    wanted = alias.casefold()
    if any(wanted in names for names in _read_names(cache / "foundry.local.modelinfo.json").values()):
        return True  # one of the user's own folders
    ids = {_read_model_id(found.parent) for found in cache.rglob("genai_config.json")}
    names = _read_names(cache / "foundry.modelinfo.json") if ids else {}
    return any(wanted in names.get(model_id, {wanted}) for model_id in ids)


def list_downloaded(data_dir: Path) -> list[str]:
    """The ids of the models on the disk, and of the user's own folders."""
    cache = data_dir / "cache" / "models"
    own = _read_names(cache / "foundry.local.modelinfo.json")
    found = {_read_model_id(config.parent) for config in cache.rglob("genai_config.json")}
    return sorted({*own, *found} - {""})


def read_context_length(folder: Path) -> int | None:
    """How many tokens the model in the folder can hold, by its own ``genai_config.json``; None if that doesn't tell.

    Catalogs promise more: 131,072 where the file limits prompt and answer to 4,096. The smaller of its two limits
    counts, of which version 2.2.1 of the runtime enforces the first.
    """
    try:
        config = json.loads((folder / "genai_config.json").read_text(encoding="utf-8"))
        limits = [config.get("model", {}).get("context_length"), config.get("search", {}).get("max_length")]
    except (OSError, ValueError, AttributeError):
        return None
    return min((limit for limit in limits if isinstance(limit, int) and limit > 0), default=None)


def _read_model_id(folder: Path) -> str:
    """The id of the model in a folder; empty if it can't be read."""
    try:
        return str(json.loads((folder / "inference_model.json").read_text(encoding="utf-8"))["Name"])
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def _read_names(listed: Path) -> dict[str, set[str]]:
    """By what names each listed model is called, by its id; nothing if the list can't be read."""
    try:
        models = [one.get("model_info", one) for one in json.loads(listed.read_text(encoding="utf-8"))["models"]]
        return {one["id"]: {one["id"].casefold(), one["alias"].casefold()} for one in models}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}
