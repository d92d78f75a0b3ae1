"""The map of the code: imports point down, each heavy library has one owner, nothing is imported in a circle."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = [*sorted(path for room in ("rag", "ingest", "page") for path in (ROOT / room).rglob("*.py")), ROOT / "app.py"]
ALLOWED = {
    "rag": {"rag"},
    "ingest": {"ingest", "rag"},
    "page": {"page", "ingest", "rag"},
    "app": {"app", "page", "ingest", "rag"},
}
OWNERS = {
    "chainlit": {"app", "page.filter_panel", "page.reply", "page.server"},
    "chromadb": {"rag.index.vectors"},
    "filelock": {"rag.models.export", "rag.index.lock"},
    "foundry_local_sdk": {"rag.chat.foundry"},
    "huggingface_hub": {"rag.models.hub"},
    "llama_index": {"ingest.splitter"},
    "onnx": {"rag.models.export"},
    "onnxruntime": {"rag.models.export", "rag.models.onnx"},
    "openai": {"rag.chat.server"},
    "pypdf": {"ingest.loaders.pdf.pages"},
    "pypdfium2": {"ingest.loaders.pdf.pages"},
    "sentence_transformers": {"rag.models.torch_models"},
    "sqlite3": {"rag.index.catalog"},
    "tantivy": {"rag.index.lexical"},
    "torch": {"rag.models.torch_models"},
    "transformers": {"rag.models.torch_models"},
    "watchdog": {"ingest.watcher"},
}
LEAVES = {"rag.types", "rag.errors"}


def _module(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def _imports(path: Path, *, at_top_only: bool = False) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    nodes = tree.body if at_top_only else list(ast.walk(tree))
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.update({node.module, *(f"{node.module}.{alias.name}" for alias in node.names)})
    return names


MODULES = {_module(path): path for path in FILES}


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module):
    ours = {name.split(".")[0] for name in _imports(MODULES[module])} & set(ALLOWED)
    assert ours <= ALLOWED[module.split(".")[0]]


@pytest.mark.parametrize("module", MODULES)
def test_a_library_is_imported_by_its_owner_alone(module):
    used = {name.split(".")[0] for name in _imports(MODULES[module])} & set(OWNERS)
    assert {library for library in used if module not in OWNERS[library]} == set()


def test_every_owner_really_uses_its_library():
    used = {module: {name.split(".")[0] for name in _imports(path)} for module, path in MODULES.items()}
    idle = {
        library for library, owners in OWNERS.items() if not any(library in used.get(owner, ()) for owner in owners)
    }
    assert idle == set()


def test_nothing_is_imported_in_a_circle():
    graph = {module: _imports(path, at_top_only=True) & set(MODULES) - {module} for module, path in MODULES.items()}
    assert list(graphlib.TopologicalSorter(graph).static_order())


def test_leaves_import_nothing_of_ours():
    assert {leaf: _imports(MODULES[leaf]) & set(MODULES) for leaf in LEAVES} == {leaf: set() for leaf in LEAVES}
