"""What Pagewise needs, each part by itself: whether it works, and if not what to do about it.

Nothing is made, repaired or downloaded here. Each check loads only what it looks at, so they can run side by side.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import socket
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rag.errors import RagError
from rag.index.index import Index, IndexStatus
from rag.settings import NO_MODEL, Settings

PROJECT = "pagewise"
_OLDEST_PYTHON = (3, 11)
_GIGABYTE = 1_000_000_000
_ROOM_FOR_INDEX = 1 * _GIGABYTE
"""Bytes: an export of the embedding model and an index of some ten thousand pages."""
_ROOM_FOR_MODEL = 8 * _GIGABYTE
"""Bytes: the default language model takes about half of it, a larger one all."""
_MOST_FILES = 100_000
"""As many files of the folder are counted."""
_INSPECTION_S = 30.0
"""How long the index is read; what is larger than some GB is left to `pagewise check`."""
_MODEL_START_S = 60.0
_PORT_ANSWER_S = 3.0
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    ok: bool
    detail: str
    """Sentences: what is there, or what is wrong."""
    fix: str = ""
    """What to do about it, with the exact command; empty where nothing is wrong."""


Check = Callable[[Settings], Finding]


# The program


def check_interpreter(_: Settings) -> Finding:
    version = platform.python_version()
    if sys.version_info < _OLDEST_PYTHON:
        return Finding(False, f"Python {version} is too old.", "Install Python 3.11 or newer, then: uv sync")
    if sys.maxsize < 2**32:
        return Finding(
            False, f"Python {version} is a 32-bit program; no model runs in it.", "Install the 64-bit Python."
        )
    return Finding(True, f"Python {version} at {sys.executable}.")


def check_packages(_: Settings) -> Finding:
    """Whether each package that the project declares is installed, in a version that it takes."""
    from packaging.requirements import Requirement

    try:
        declared = [Requirement(text) for text in importlib.metadata.requires(PROJECT) or ()]
    except importlib.metadata.PackageNotFoundError:
        return Finding(False, f"{PROJECT} itself is not installed.", "uv sync")
    wrong = list[str]()
    needed = [one for one in declared if one.marker is None or one.marker.evaluate({"extra": ""})]
    for one in needed:
        try:
            version = importlib.metadata.version(one.name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{one.name} is missing")
            continue
        if not one.specifier.contains(version, prereleases=True):
            wrong.append(f"{one.name} is {version} instead of {one.specifier}")
    if wrong:
        more = f" and {len(wrong) - _MOST_NAMED} more" if len(wrong) > _MOST_NAMED else ""
        return Finding(False, f"{', '.join(wrong[:_MOST_NAMED])}{more}.", "uv sync")
    return Finding(True, f"All {len(needed)} packages are installed.")


def check_page(_: Settings) -> Finding:
    """Whether the files that a browser gets are there; neither the page nor Chainlit is loaded for that."""
    needed = (("chainlit", "frontend/dist/index.html"), ("page", "assets/public/page.js"))
    for package, file in needed:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None or not (Path(spec.origin).parent / file).is_file():
            return Finding(
                False,
                f"The browser page lacks {file} of the package {package}.",
                f"uv sync --reinstall-package {package}",
            )
    return Finding(True, "The files of the browser page are there.")


def make_port_check(host: str, port: int) -> Check:
    """Whether the page can listen there, or does so already."""

    def check_port(_: Settings) -> Finding:
        try:
            with socket.create_server((host, port)):
                return Finding(True, f"Port {port} is free for the page.")
        except OSError as exc:
            if _is_our_page(host, port):
                return Finding(True, f"The page runs at http://{host}:{port}.")
            reason = exc.strerror or str(exc)
        free = next((near for near in range(port + 1, port + 100) if _is_free(host, near)), port + 1)
        return Finding(False, f"Port {port} can't be used ({reason}).", f"pagewise --port {free}")

    return check_port


def _is_our_page(host: str, port: int) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{host}:{port}/health", timeout=_PORT_ANSWER_S) as reply:
            return b'"pagewise"' in reply.read(1000)
    except (OSError, ValueError):
        return False


def _is_free(host: str, port: int) -> bool:
    with contextlib.suppress(OSError, OverflowError), socket.create_server((host, port)):
        return True
    return False


# The documents and the index


def check_disk(settings: Settings) -> Finding:
    """Whether the index can be written, and there is room for it and for a model that is still to be downloaded."""
    index_dir = settings.index_dir
    existing = _find_existing(index_dir)
    if not os.access(existing, os.W_OK):
        return Finding(
            False, f"{existing} can't be written.", f"chmod u+rwx '{existing}', or set RAG_INDEX_DIR to another folder"
        )
    free = shutil.disk_usage(existing).free
    if free < _ROOM_FOR_INDEX:
        return Finding(
            False,
            f"The disk of {existing} has {_show_bytes(free)} left.",
            f"Free {_show_bytes(_ROOM_FOR_INDEX - free)}, or set RAG_INDEX_DIR to a folder on another disk.",
        )
    from rag.chat.on_disk import find_data_dir, may_be_downloaded

    models = find_data_dir(settings.foundry_dir)
    is_elsewhere = bool(settings.base_url or settings.azure_endpoint)
    if not is_elsewhere and not may_be_downloaded(models, settings.model):
        room = shutil.disk_usage(_find_existing(models)).free
        if room < _ROOM_FOR_MODEL:
            return Finding(
                False,
                f"The disk of {models} has {_show_bytes(room)} left, and the model {settings.model} is still to be"
                " downloaded.",
                f"Free {_show_bytes(_ROOM_FOR_MODEL - room)}, or set RAG_FOUNDRY_DIR to a folder on another disk.",
            )
    return Finding(True, f"{_show_bytes(free)} are free at {existing}.")


def _find_existing(path: Path) -> Path:
    """The folder itself, or the nearest above it that exists."""
    return next(above for above in (path.absolute(), *path.absolute().parents) if above.exists())


def _show_bytes(count: int) -> str:
    return f"{count / _GIGABYTE:.1f} GB"


def check_corpus(settings: Settings) -> Finding:
    folder = settings.corpus_dir
    if folder.is_file():
        return Finding(
            False, f"{folder} is a file, no folder of documents.", f"Set RAG_CORPUS_DIR to its folder, {folder.parent}."
        )
    if not folder.is_dir():
        return Finding(
            False,
            f"The folder of documents {folder} does not exist.",
            f"mkdir -p '{folder}', or set RAG_CORPUS_DIR to another",
        )
    try:
        files = sum(1 for _ in _walk(folder))
    except OSError as exc:
        return Finding(
            False,
            f"{exc.filename or folder} can't be read ({exc.strerror or exc}).",
            f"chmod -R u+rX '{exc.filename or folder}'",
        )
    if not files:
        return Finding(False, f"The folder of documents {folder} is empty.", f"Put files into {folder.resolve()}.")
    more = "more than " if files == _MOST_FILES else ""
    return Finding(True, f"{folder} holds {more}{_count(files, 'file')}.")


def _walk(folder: Path) -> Iterator[str]:
    """The folder's files, at most `_MOST_FILES`. Raises OSError where a folder can't be read."""

    def give_up(exc: OSError) -> None:
        raise exc

    count = 0
    for _, _, names in os.walk(folder, onerror=give_up):
        for name in names:
            if not name.startswith("."):
                count += 1
                yield name
            if count == _MOST_FILES:
                return


def check_index(settings: Settings) -> Finding:
    """Whether catalog, words and vectors are each what was written, and agree."""
    if settings.index_dir.is_file():
        return Finding(False, f"{settings.index_dir} is a file.", "Set RAG_INDEX_DIR to a folder for the index.")
    with closing(Index(settings.index_dir)) as index:
        try:
            if not index.exists:
                return Finding(False, f"There is no index in {index.folder} yet.", _name_ingest(settings))
            if not index.is_current_format():
                return Finding(
                    False, f"The index in {index.folder} is of another version of Pagewise.", _name_ingest(settings)
                )
            status = index.status()
            deadline = time.monotonic() + _INSPECTION_S
            damage = index.find_damage(lambda: time.monotonic() > deadline)
        except RagError as exc:
            return Finding(False, str(exc), _name_ingest(settings, "--check"))
    if damage:
        return Finding(False, " ".join(one.reason for one in damage), _name_ingest(settings, "--check"))
    held = _describe_index(status)
    if damage is None:
        is_late = time.monotonic() > deadline
        why = "it takes longer to read it all" if is_late else "another process writes to it, or was killed doing so"
        return Finding(True, f"{held} Whether it is whole was not found out, since {why}: pagewise check tells.")
    return Finding(True, f"{held} Catalog, words and vectors are whole and agree.")


def _describe_index(status: IndexStatus) -> str:
    missing = status.chunks - status.vectors
    pending = f" {missing:,} of them wait for their vectors." if missing else ""
    unread = _count(len(status.failures), "file")
    failed = f" {unread} can't be read: pagewise status names what." if status.failures else ""
    return f"{_count(status.documents, 'document')} with {_count(status.chunks, 'passage')}.{pending}{failed}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _name_ingest(settings: Settings, *options: str) -> str:
    """The command that brings this index up to date."""
    folders = (("--corpus", settings.corpus_dir), ("--index", settings.index_dir))
    return " ".join(["python -m ingest", *options, *(f"{name} '{folder}'" for name, folder in folders)])


# The models


def check_embedding_model(settings: Settings) -> Finding:
    """Whether it embeds a word; one that was never prepared is looked for, and not prepared here."""
    from rag.models.embedder import Embedder
    from rag.models.manifest import read_fingerprint
    from rag.models.source import EMBEDDING_PACKAGE, find_package_folder, locate

    name, models_dir = settings.embed_model, Index(settings.index_dir).models_dir
    try:
        if read_fingerprint(name, models_dir) is None:
            source = locate(name)
            if not source.is_local:
                return Finding(False, f"{name} was not downloaded yet.", f"{_name_ingest(settings)}  # downloads it")
            if source.is_packaged:
                find_package_folder(EMBEDDING_PACKAGE)
            return Finding(True, f"{name} is prepared at the first use, once; that takes about 20 seconds.")
        began = time.perf_counter()
        with closing(Embedder.open(name, models_dir)) as embedder:
            vector = embedder.embed_query("water")
        milliseconds = (time.perf_counter() - began) * 1000
    except RagError as exc:
        return Finding(False, str(exc), "Set RAG_EMBED_MODEL to a model that can be had, or leave it out.")
    except Exception as exc:  # whatever a native library comes up with is what the check is for
        said = " ".join(str(exc).split())[:300]
        return Finding(False, f"{name} can't be run ({said}).", f"rm -r '{models_dir}'  # it is made anew")
    if abs(float((vector**2).sum()) - 1) > 0.01:
        return Finding(False, f"{name} gives no vectors of length 1.", f"rm -r '{models_dir}'  # it is made anew")
    return Finding(
        True, f"{name} embeds in {embedder.dimensions} dimensions; opened and asked in {milliseconds:.0f} ms."
    )


def check_reranking_model(settings: Settings) -> Finding:
    from rag.models.manifest import Manifest
    from rag.models.source import RERANKING, locate

    if settings.rerank_model in ("", NO_MODEL):
        return Finding(True, "None is set.")
    try:
        source = locate(settings.rerank_model, RERANKING)
        is_ready = Manifest.read(Index(settings.index_dir).models_dir / source.key) is not None
        if not is_ready and not source.is_local:
            return Finding(
                False, f"{settings.rerank_model} was not downloaded yet.", "pagewise search WORDS  # downloads it"
            )
    except RagError as exc:
        return Finding(False, str(exc), f"Set RAG_RERANK_MODEL to {NO_MODEL}, or to a model that can be had.")
    return Finding(True, f"{settings.rerank_model} is {'prepared' if is_ready else 'prepared at the first use'}.")


_CHOOSE_MODEL = "Set BASE_URL and MODEL to a model that answers; pagewise models lists those that are found."


def check_language_model(settings: Settings) -> Finding:
    """Whether a model is found and writes one token; none is downloaded for that."""
    import asyncio
    from functools import partial

    from rag.chat.foundry import FoundryRuntime
    from rag.chat.router import ModelRouter
    from rag.chat.trying import write_token
    from rag.errors import ModelUnavailableError

    with closing(ModelRouter(settings, make_runtime=partial(FoundryRuntime, may_download=False))) as router:
        router.start()
        state = router.settle(_MODEL_START_S)
        if not state.is_ready:
            return Finding(
                False, f"{state.detail} It was looked for {_describe_search(settings)}.", state.fix or _CHOOSE_MODEL
            )
        began = time.perf_counter()
        try:
            with asyncio.Runner() as runner:
                runner.run(write_token(router.stream))
        except ModelUnavailableError as exc:
            return Finding(False, str(exc), _CHOOSE_MODEL)
        seconds = time.perf_counter() - began
    return Finding(True, f"{state.detail} Its first token took {seconds:.1f} s.")


def _describe_search(settings: Settings) -> str:
    """Where a model is looked for, in order, and what is there."""
    from rag.chat.foundry_service import find_command
    from rag.chat.on_disk import find_data_dir, may_be_downloaded

    if settings.base_url:
        return "at BASE_URL alone, which is set"
    if settings.azure_endpoint:
        return "at AZURE_OPENAI_ENDPOINT alone, which is set"
    models = find_data_dir(settings.foundry_dir)
    is_here = "is" if may_be_downloaded(models, settings.model) else "is not"
    command = find_command() or "not on the path"
    return (
        "at BASE_URL (not set), at AZURE_OPENAI_ENDPOINT (not set), with Foundry Local in this process"
        f" ({settings.model} {is_here} in {models}) and by the command foundry ({command})"
    )
