from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from rag.models.packaged import LATE_PACKAGE, RERANKER_PACKAGE
from rag.models.source import EMBEDDING, EMBEDDING_PACKAGE, RERANKING, locate
from rag.settings import DEFAULT_EMBED_MODEL


def test_one_model_has_an_export_for_each_use(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    for name in (str(tmp_path), "acme/some-model", DEFAULT_EMBED_MODEL):
        assert locate(name, EMBEDDING).key != locate(name, RERANKING).key


@pytest.mark.parametrize(
    "package", [EMBEDDING_PACKAGE, RERANKER_PACKAGE, LATE_PACKAGE], ids=lambda package: package.model
)
def test_a_package_of_weights_is_installed_in_one_version_and_each_file_has_a_digest(package):
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text("utf-8"))["project"]
    asked = [*project["dependencies"], *(name for extra in project["optional-dependencies"].values() for name in extra)]
    wanted = [requirement for requirement in asked if requirement.startswith(package.name)]
    assert len(wanted) == 1
    assert wanted[0].startswith(f"{package.name}==")
    assert all(len(digest) == 64 for digest in package.digests.values())
