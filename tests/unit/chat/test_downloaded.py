"""Whether a model is on the disk, told from what Foundry Local left there, without Foundry Local."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.chat.foundry import FoundryRuntime
from rag.chat.on_disk import may_be_downloaded, read_context_length
from rag.errors import ModelUnavailableError
from tests.foundry.environment import catalog_entry, model_id


def lay_out(data_dir: Path, *aliases: str, listed: tuple[str, ...] = ()) -> Path:
    """A data folder with models of these aliases, and a list of the catalog's models if it has any."""
    cache = data_dir / "cache" / "models"
    for alias in aliases:
        folder = cache / "Microsoft" / f"{alias}-generic-cpu-1" / "v1"
        folder.mkdir(parents=True)
        (folder / "genai_config.json").write_text("{}")
        (folder / "inference_model.json").write_text(json.dumps({"Name": model_id(alias)}))
    if listed:
        cache.mkdir(parents=True, exist_ok=True)
        models = {"version": 1, "models": [catalog_entry(alias) for alias in listed]}
        (cache / "foundry.modelinfo.json").write_text(json.dumps(models))
    return data_dir


@pytest.mark.parametrize("name", ["mistral-small", "Mistral-Small", "mistral-small-generic-cpu:1"])
def test_a_model_is_found_by_its_alias_or_id_in_any_spelling(tmp_path: Path, name: str):
    assert may_be_downloaded(lay_out(tmp_path, "mistral-small", listed=("mistral-small", "gpt-tiny")), name)


def test_a_model_that_is_only_listed_is_not_there(tmp_path: Path):
    assert not may_be_downloaded(lay_out(tmp_path, "gpt-tiny", listed=("mistral-small", "gpt-tiny")), "mistral-small")
    assert not may_be_downloaded(lay_out(tmp_path / "none", listed=("mistral-small",)), "mistral-small")


def test_no_folder_has_no_model(tmp_path: Path):
    assert not may_be_downloaded(tmp_path / "absent", "mistral-small")


def test_what_cannot_be_told_may_be_the_model(tmp_path: Path):
    unlisted = lay_out(tmp_path / "unlisted", "gpt-tiny")
    assert may_be_downloaded(unlisted, "mistral-small")
    damaged = lay_out(tmp_path / "damaged", "gpt-tiny", listed=("gpt-tiny",))
    next(damaged.rglob("inference_model.json")).write_text("{")
    assert may_be_downloaded(damaged, "mistral-small")
    for broken in ("[]", '{"models": [1]}', '{"models": [{"id": 3}]}'):
        next(unlisted.rglob("models")).joinpath("foundry.modelinfo.json").write_text(broken)
        assert may_be_downloaded(unlisted, "mistral-small")


def test_a_folder_of_the_users_own_is_found_by_its_alias_or_id(tmp_path: Path):
    cache = tmp_path / "cache" / "models"
    cache.mkdir(parents=True)
    own = {"version": 2, "models": [{"model_info": {"alias": "mine", "id": "mine:1"}, "model_path": "/models/mine"}]}
    (cache / "foundry.local.modelinfo.json").write_text(json.dumps(own))
    assert may_be_downloaded(tmp_path, "mine")
    assert may_be_downloaded(tmp_path, "Mine:1")
    assert not may_be_downloaded(tmp_path, "gpt-tiny")


@pytest.mark.parametrize(
    ("config", "limit"),
    [
        ({"model": {"context_length": 131_072}, "search": {"max_length": 4096}}, 4096),
        ({"model": {"context_length": 4096}, "search": {"max_length": 8192}}, 4096),
        ({"model": {"context_length": 4096}}, 4096),
        ({"model": {"context_length": 0}, "search": {"max_length": "4096"}}, None),
        ({"model": 3}, None),
        ([], None),
    ],
)
def test_how_much_a_model_can_hold_its_own_file_tells(tmp_path: Path, config: object, limit: int | None):
    (tmp_path / "genai_config.json").write_text(json.dumps(config))
    assert read_context_length(tmp_path) == limit


def test_a_folder_without_that_file_tells_nothing(tmp_path: Path):
    assert read_context_length(tmp_path) is None


def test_without_leave_to_download_a_model_that_is_not_there_fails_before_anything_is_started(tmp_path: Path):
    runtime = FoundryRuntime(str(tmp_path / "data"), "http://127.0.0.1:9", may_download=False)
    with pytest.raises(
        ModelUnavailableError, match=r"^The model gpt-tiny is not downloaded yet\. .* --download .* BASE_"
    ):
        runtime.open("gpt-tiny")
    assert not list(tmp_path.iterdir())
