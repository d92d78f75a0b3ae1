"""The map of the code: imports point down, each heavy library has one owner, nothing is imported in a circle.

All imports count: those within functions, and those for type checkers alone, since whoever reads a module has to know
what its annotations mean. `ARCHITECTURE.md` tells the same to people, and is held to it here.
"""

from __future__ import annotations

import ast
import graphlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = [*sorted(path for room in ("rag", "ingest", "page") for path in (ROOT / room).rglob("*.py")), ROOT / "app.py"]
LEAVES = {"rag.types", "rag.errors", "rag.logs"}
"""Every room may import them, and they import nothing of ours."""

ARROWS = {
    "app": {"page"},
    "page.command": {"ingest", "rag.__main__", "rag.cli", "rag.private", "rag.settings"},
    "page": {
        "page.access",
        "page.conversations",
        "ingest",
        "rag.asked",
        "ingest.loaders",
        "rag.assembly",
        "rag.answering",
        "rag.chat",
        "rag.index",
        "rag.private",
        "rag.processes",
        "rag.text",
        "rag.cli",
        "rag.settings",
    },
    "page.access": {"rag.private", "rag.settings"},
    "page.conversations": {"rag.private"},
    "ingest": {
        "ingest.loaders",
        "rag.cli",
        "rag.index",
        "rag.models",
        "rag.private",
        "rag.processes",
        "rag.settings",
        "rag.text",
    },
    "ingest.loaders": {"rag.text"},
    "rag.__main__": {
        "page",
        "rag.cli",
        "rag.doctor",
        "rag.evaluation",
        "rag.asked",
        "rag.assembly",
        "rag.answering",
        "rag.chat",
        "rag.index",
        "rag.text",
        "rag.settings",
    },
    "rag.cli": {"rag.private", "rag.settings", "rag.text"},
    "rag.doctor": {"rag.cli", "rag.chat", "rag.index", "rag.models", "rag.settings", "rag.text"},
    "rag.evaluation": {
        "rag.cli",
        "rag.assembly",
        "rag.answering",
        "rag.chat",
        "rag.index",
        "rag.models",
        "rag.processes",
        "rag.settings",
        "rag.text",
    },
    "rag.assembly": {"rag.ranking", "rag.index", "rag.models", "rag.settings"},
    "rag.asked": {"rag.answering", "rag.index", "rag.chat", "rag.private", "rag.text", "rag.settings"},
    "rag.answering": {"rag.ranking", "rag.index", "rag.chat", "rag.text", "rag.settings"},
    "rag.ranking": {"rag.index", "rag.models", "rag.text"},
    "rag.index": {"rag.private", "rag.text"},
    "rag.models": {"rag.processes", "rag.settings"},
    "rag.chat": {"rag.settings", "rag.text"},
    "rag.text": set(),
    "rag.private": set(),
    "rag.processes": set(),
    "rag.settings": set(),
}
"""What each room may import beside itself and the leaves."""

OWNERS = {
    "chainlit": {
        f"page.{name}"
        for name in (
            "addresses.uploads",
            "afterwards",
            "beside",
            "chat",
            "command",
            "conversations.layer",
            "conversations.live",
            "filtering.panel",
            "models.tuning",
            "logins",
            "reply",
            "server",
            "turns",
        )
    },
    "chromadb": {"rag.index.vectors"},
    "filelock": {"rag.models.export", "rag.index.lock"},
    "fontTools": {"ingest.loaders.pdf.composite"},
    "foundry_local_sdk": {"rag.chat.catalog", "rag.chat.foundry"},
    "httpx2": {"rag.chat.transport"},
    "huggingface_hub": {"rag.models.source"},
    "llama_index": {"ingest.splitting.splitter", "page.api.llamaindex"},
    "matplotlib": {"rag.evaluation.comparison_page"},
    "mcp": {"page.api.tools"},
    "safetensors": {"rag.models.bert"},
    "onnx": {"rag.models.bert", "rag.models.export"},
    "onnxruntime": {"rag.models.export", "rag.models.onnx"},
    "openai": {"rag.chat.server"},
    "phonenumbers": {"rag.chat.routing.phones"},
    "prometheus_client": {"page.addresses.metrics"},
    "pypdf": {f"ingest.loaders.pdf.{name}" for name in ("buttons", "glyphs", "pages")},
    "pypdfium2": {
        "page.reader.drawing",
        *(f"ingest.loaders.pdf.{name}" for name in ("annotations", "buttons", "glyphs", "labels", "lines", "pages")),
    },
    "sentence_transformers": {"rag.models.torch_models"},
    "sqlite3": {"rag.index.catalog.database", "page.conversations.database"},
    "tantivy": {"rag.index.lexical.entry", "rag.index.lexical.index", "rag.index.lexical.search"},
    "torch": {"rag.models.torch_models"},
    "transformers": {"rag.models.torch_models"},
    "watchdog": {"ingest.watcher"},
}


def _name_module(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def _find_imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


MODULES = {_name_module(path): path for path in FILES}


@cache
def _read_imports(module: str) -> frozenset[str]:
    return frozenset(_find_imports(ast.parse(MODULES[module].read_text("utf-8"))))


def _find_room(module: str) -> str:
    """The name of the longest room that holds a module; the module itself where the map has none."""
    parts = module.split(".")
    names = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((name for name in names if name in ARROWS or name in LEAVES), module)


def _find_arrows(module: str) -> set[str]:
    """The other rooms that a module imports from. Packages are empty, so their own names are no arrows."""
    ours = {name for name in _read_imports(module) if name in MODULES and MODULES[name].name != "__init__.py"}
    return {_find_room(name) for name in ours} - {_find_room(module)} - LEAVES


def _read_rooms_of_the_page() -> dict[str, set[str]]:
    """What the table in ARCHITECTURE.md says: each room, and those that it may import."""
    rows = re.findall(r"^\| `([a-z_./]+)` \|.*\| ([^|]*) \|$", (ROOT / "ARCHITECTURE.md").read_text("utf-8"), re.M)
    return {_spell(room): {_spell(name) for name in re.findall(r"`([a-z_./]+)`", arrows)} for room, arrows in rows}


def _spell(path: str) -> str:
    return path.removesuffix("/").removesuffix(".py").replace("/", ".")


def test_every_module_keeps_to_the_map():
    modules = {name for name, path in MODULES.items() if path.name != "__init__.py"}
    assert {name for name in modules if _find_room(name) not in {*ARROWS, *LEAVES}} == set()
    forbidden = {name: _find_arrows(name) - ARROWS.get(_find_room(name), set()) for name in MODULES}
    assert {name: rooms for name, rooms in forbidden.items() if rooms} == {}


def test_every_arrow_of_the_map_is_used():
    used = {room: set[str]().union(*map(_find_arrows, _list_modules(room))) for room in ARROWS}
    assert {room: arrows - used[room] for room, arrows in ARROWS.items() if arrows - used[room]} == {}


def _list_modules(room: str) -> list[str]:
    return [module for module in MODULES if _find_room(module) == room]


def test_every_room_of_the_map_exists():
    assert [room for room in (*ARROWS, *LEAVES) if not _list_modules(room)] == []
    folders = set(re.findall(r"`([a-z]+/)`", (ROOT / "ARCHITECTURE.md").read_text("utf-8")))
    rooms = {path.name + "/" for folder in (ROOT, ROOT / "tests") for path in folder.iterdir() if path.is_dir()}
    assert folders <= rooms


def test_the_rooms_of_the_map_stand_in_no_circle():
    assert list(graphlib.TopologicalSorter(ARROWS).static_order())


def test_the_architecture_page_shows_this_map():
    assert _read_rooms_of_the_page() == ARROWS | {leaf: set() for leaf in LEAVES}


def test_packages_are_empty_so_that_late_imports_stay_late():
    packages = [path for path in FILES if path.name == "__init__.py"]
    assert [path for path in packages if not all(map(_is_text, ast.parse(path.read_text("utf-8")).body))] == []


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def test_a_library_is_imported_by_its_owner_alone():
    used = {(module, name.split(".")[0]) for module in MODULES for name in _read_imports(module)}
    assert {(module, name) for module, name in used if name in OWNERS and module not in OWNERS[name]} == set()


def test_every_owner_really_uses_its_library():
    used = {module: {name.split(".")[0] for name in _read_imports(module)} for module in MODULES}
    idle = {
        (library, owner) for library, owners in OWNERS.items() for owner in owners if library not in used.get(owner, ())
    }
    assert idle == set()


def test_nothing_is_imported_in_a_circle():
    graph = {module: _read_imports(module) & set(MODULES) - {module} for module in MODULES}
    assert list(graphlib.TopologicalSorter(graph).static_order())
