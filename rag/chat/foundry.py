"""Foundry Local: from a model's alias to an endpoint that answers. Owns foundry_local_sdk.

Everything here blocks, up to the minutes of a download, and belongs into a thread.

**What can't be had.** The runtime tries a catalog that it can't reach for four seconds and more. So a model that is on
the disk is looked for there first, and where nothing may be downloaded the runtime isn't even started for another.

**What leaves the machine.** Requests to the model catalog and model downloads, nothing else. The runtime uploads usage
events unless it believes to run in a build: `disable_nonessential_telemetry` and ``ORT_TELEMETRY_DISABLED`` alone still
let one through. It looks for the variables of build services when the manager is made, at no other time (seen in the
log of 2.2.1: "CI environment detected; 1DS upload disabled"). So ``TF_BUILD`` is set for the fraction of a second in
which the manager is made and then put back; of the variables that the runtime knows it is the one that hardly any
other library reads, unlike ``CI``. The events are then kept out of ``~/.cache/Microsoft`` as well, and closing takes
1 ms instead of 1 s. ONNX Runtime's own switch, ``ORT_DISABLE_TELEMETRY``, is set for the whole process.

**The loopback service** listens on 127.0.0.1, on a port of the system's choosing. It knows no keys and no origins.
Anyone on this machine can use it, and can stop it: after a ``POST /shutdown`` the runtime's `close` never returns,
therefore ours waits for it only so long.
"""

from __future__ import annotations

import atexit
import difflib
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rag.chat.on_disk import APP_NAME, find_data_dir, may_be_downloaded, read_context_length
from rag.errors import ModelUnavailableError
from rag.types import Endpoint

if TYPE_CHECKING:
    from foundry_local_sdk import FoundryLocalException, FoundryLocalManager, IModel

logger = logging.getLogger(__name__)

OnStep = Callable[[str, float | None], None]
"""Called with ``downloading`` and a percentage, then with ``loading`` and None; from a thread of the runtime's."""

_CATALOG_PATH = "/asset-gallery/v1.0/models"
_OWN_MODELS_PATH = "/catalogs/local"
"""Where the service has the models of folders that the user registered."""
_CLOSE_LIMIT_S = 15.0
"""Closing frees a loaded model, which takes a second or two for one of several GB."""

_BY_CODE = {
    5: "The download of the model {model} was stopped. Retry to go on with it.",
    6: "The model {model} is not downloaded yet and can't be downloaded now. "
    "Connect to the internet and retry, or set BASE_URL to a model server that runs already.",
}
"""What a user reads for an error code of the runtime: 5 is a cancelled download, 6 the network."""
_BY_WORDS = (
    ("already been initialized", "Foundry Local already runs in this process. Close the other one first."),
    (
        "filesystem error",
        "Foundry Local can't use its folder ({said}). Set RAG_FOUNDRY_DIR to one that can be written.",
    ),
    (
        "No space left",
        "The disk is too full for the model {model}. Free some gigabytes, or set RAG_FOUNDRY_DIR to another disk.",
    ),
)
"""What a user reads for another error, by words of the runtime's message; the first that fits."""
_NOT_DOWNLOADED = (
    "The model {model} is not downloaded yet. Run pagewise models download {model}, or ask once with --download to wait"
    " for it, or set BASE_URL to a model server that runs already."
)
_UNKNOWN = "Foundry Local could not start the model {model} ({said}). Retry, or set MODEL to another one."


class FoundryRuntime:
    """Foundry Local within this process. There can be one at a time, and after its `close` another.

    Unless it `may_download`, `open` fails at once, and without a request, for a model that isn't on the disk.
    """

    def __init__(self, data_dir: str = "", catalog_url: str = "", *, may_download: bool = True) -> None:
        self._data_dir = data_dir
        self._may_download = may_download
        self._catalog_url = catalog_url
        self._manager: FoundryLocalManager | None = None
        self.stopping = threading.Event()
        """Set to end a download at its next percent."""
        self.expected: Sequence[str] = ()
        """Models that will be opened as well: one that isn't on the disk has the runtime begin with the catalog."""

    def open(self, alias: str, on_step: OnStep = lambda kind, percent: None) -> Endpoint:
        """Find a model by its alias (``phi-4-mini``) or full id (``name:version``), download it if need be, serve it.

        Raises ModelUnavailableError, with a sentence that says what to do; also when `close` comes in between.
        """
        is_near = may_be_downloaded(find_data_dir(self._data_dir), alias)
        if not is_near:
            self._require_leave(alias)
        with translate_errors(alias):
            model = (self._find_downloaded(alias) if is_near else None) or self._download(alias, on_step)
            manager = self.start()
            on_step("loading", None)
            if not model.is_loaded:
                model.load()
            if not manager.urls:
                manager.start_web_service()
            own = _OWN_MODELS_PATH if find_own(manager, model.id) else ""
            context_length = read_context_length(Path(model.get_path())) or model.context_length
            url = f"{(manager.urls or [''])[0]}{own}/v1"
            return Endpoint(url, "none-needed", model.id, context_length, alias=model.alias)

    def _find_downloaded(self, alias: str) -> IModel | None:
        """The model as it is on the disk, which takes no request; the runtime then knows no others."""
        if self._manager is not None:
            near = _find_near(self._manager, alias)
            return near if near is not None and near.is_cached else None
        if not all(may_be_downloaded(find_data_dir(self._data_dir), other) for other in self.expected):
            near = _find_near(self.start(), alias)
            return near if near is not None and near.is_cached else None
        with _serve_no_catalog() as url:
            near = _find_near(self.start(url), alias)
        if near is None or not near.is_cached:
            self._stop_manager()
            return None
        return near

    def _download(self, alias: str, on_step: OnStep) -> IModel:
        """The model as the catalog has it, downloaded if need be and allowed."""
        self._require_leave(alias)
        model = self.find(alias)
        if not model.is_cached:
            model.download(lambda percent: on_step("downloading", percent), self.stopping)
        return model

    def find(self, alias: str) -> IModel:
        """The model of that alias or id, the downloaded variant first. Raises ModelUnavailableError, naming others."""
        return _find_model(self.start(), alias)

    def _require_leave(self, alias: str) -> None:
        """Raise ModelUnavailableError unless the model may be downloaded."""
        if not self._may_download:
            raise ModelUnavailableError(_NOT_DOWNLOADED.format(model=alias))

    def list_models(self) -> list[IModel]:
        """The catalog, with one entry for each alias; offline, what was downloaded. It takes 4 s if that is nothing."""
        with translate_errors(""):
            return list(self.start().catalog.list_models())

    def cancel(self) -> None:
        """End a download at its next percent; `open` then raises."""
        self.stopping.set()

    def close(self) -> None:
        """Cancel a download, stop the service and free the model. May be called twice."""
        self.cancel()
        self._stop_manager()

    def _stop_manager(self) -> None:
        manager, self._manager = self._manager, None
        if manager is None:
            return
        atexit.unregister(self.close)
        closing = threading.Thread(target=_close_manager, args=(manager,), name="foundry-close", daemon=True)
        closing.start()
        closing.join(_CLOSE_LIMIT_S)
        if closing.is_alive():
            logger.warning("Foundry Local did not stop within %.0f s; left to the end of the process.", _CLOSE_LIMIT_S)

    def start(self, catalog_url: str = "") -> FoundryLocalManager:
        """The runtime, made at the first call; it takes a tenth of a second, and asks no catalog yet."""
        if self.stopping.is_set():
            raise ModelUnavailableError("The local model was stopped. Start the service again.")
        if self._manager is None:
            os.environ["ORT_DISABLE_TELEMETRY"] = "1"
            self._manager = _make_manager(self._data_dir, catalog_url or self._catalog_url)
            # The runtime's own exit handler waits for a running download; ours cancels it first.
            atexit.unregister(self._manager.close)
            atexit.register(self.close)
        return self._manager


# The models that are open in this process


def count_tokens(model_id: str, messages: Sequence[Mapping[str, str]]) -> int | None:
    """How many tokens the messages are to a model of this process, by its own tokenizer and chat template.

    None while it isn't in memory. Takes about half a millisecond for 2,000 tokens.
    """
    from foundry_local_sdk import ChatSession, FoundryLocalException, MessageItem, Request

    kinds = {"system": MessageItem.system, "assistant": MessageItem.assistant}
    request = Request()
    for message in messages:
        request.add_item(kinds.get(message["role"], MessageItem.user)(message["content"]))
    with suppress(FoundryLocalException, RuntimeError, ValueError):
        model = _find_open(model_id)
        # A session keeps the model in memory; this one ends with the call.
        return ChatSession(model).preflight_request(request).prompt_tokens if model else None
    return None


def unload_model(model_id: str) -> bool:
    """Free the memory of a model of this process; whether it is free. Its service loads it again when told to."""
    from foundry_local_sdk import FoundryLocalException

    with suppress(FoundryLocalException, RuntimeError):  # an answer that is being written keeps the model
        model = _find_open(model_id)
        if model:
            model.unload()
        return True
    return False


def _find_open(model_id: str) -> IModel | None:
    """The model if it is in this process's memory."""
    from foundry_local_sdk import FoundryLocalManager

    manager = FoundryLocalManager.instance
    model = _find_near(manager, model_id) if manager else None
    return model if model and model.is_loaded else None


def _make_manager(data_dir: str, catalog_url: str) -> FoundryLocalManager:
    from foundry_local_sdk import Configuration, FoundryLocalManager
    from foundry_local_sdk.logging_helper import LogLevel

    configuration = Configuration(
        app_name=APP_NAME,
        app_data_dir=str(find_data_dir(data_dir)),
        # It writes to stderr by itself; what a user should know comes as an exception and becomes a sentence.
        log_level=LogLevel.FATAL,
        web=Configuration.WebService(urls="http://127.0.0.1:0"),
        catalog_urls=[(_extend_catalog_url(catalog_url), None)] if catalog_url else None,
        disable_nonessential_telemetry=True,
    )
    with _disable_upload():
        FoundryLocalManager.initialize(configuration)
    manager = FoundryLocalManager.instance
    if manager is None:
        raise ModelUnavailableError("Foundry Local was closed while it started. Ask again.")
    return manager


@contextmanager
def _disable_upload() -> Iterator[None]:
    """Make the runtime believe that it runs in a build, so that it uploads nothing; see the module's docstring."""
    before = os.environ.get("TF_BUILD")
    os.environ["TF_BUILD"] = "True"
    try:
        yield
    finally:
        if before is None:
            del os.environ["TF_BUILD"]
        else:
            os.environ["TF_BUILD"] = before


@contextmanager
def _serve_no_catalog() -> Iterator[str]:
    """The address of a catalog on this machine that says at once that it has nothing.

    The runtime then lists what is downloaded. An address where nobody answers would cost four seconds of retries.
    """
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Nothing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(404)
            self.send_header("content-length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Nothing) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), name="no-catalog", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _extend_catalog_url(url: str) -> str:
    return url if url.endswith(_CATALOG_PATH) else url.rstrip("/") + _CATALOG_PATH


def find_own(manager: FoundryLocalManager, name: str) -> IModel | None:
    """The user's own model of that alias or id; asks nobody."""
    from foundry_local_sdk.catalog import CatalogType

    own = manager.get_catalog(CatalogType.LOCAL)
    return own.get_model(name) or (own.get_model_variant(name) if ":" in name else None)


def _find_near(manager: FoundryLocalManager, alias: str) -> IModel | None:
    """The model of that alias or id as the runtime knows it by now, downloaded if it has one."""
    model = find_own(manager, alias) or manager.catalog.get_model(alias)
    # An unknown id with a colon costs four seconds of retries when the catalog can't be reached.
    if model is None and ":" in alias:
        model = manager.catalog.get_model_variant(alias)
    return prefer_cached(model) if model else None


def _find_model(manager: FoundryLocalManager, alias: str) -> IModel:
    model = _find_near(manager, alias)
    if model is None:
        raise ModelUnavailableError(_explain_unknown(alias, [m.alias for m in manager.catalog.list_models()]))
    return model


def _explain_unknown(alias: str, known: Sequence[str]) -> str:
    if not known:
        return (
            f"The model {alias} is not downloaded yet and the model catalog can't be reached. "
            "Connect to the internet once and retry, or set BASE_URL to a model server that runs already."
        )
    near = difflib.get_close_matches(alias, known, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"It has: {', '.join(sorted(known)[:12])}."
    return f"Foundry Local's catalog has no model {alias}. {hint} Set MODEL to one of its aliases."


def prefer_cached(model: IModel) -> IModel:
    """The variant that is downloaded already, else the one that the catalog thinks best for this machine."""
    if model.is_cached:
        return model
    return next((variant for variant in model.variants if variant.is_cached), model)


def _close_manager(manager: FoundryLocalManager) -> None:
    with suppress(Exception):  # nothing is left to do for a runtime that can't even stop
        if manager.urls:
            manager.stop_web_service()
    with suppress(Exception):
        manager.close()


@contextmanager
def translate_errors(alias: str) -> Iterator[None]:
    """Turn the runtime's errors into ours, with a sentence on what to do."""
    try:
        from foundry_local_sdk import FoundryLocalException
    except (ImportError, OSError) as exc:
        raise ModelUnavailableError(
            f"Foundry Local can't run on this system ({exc}). Set BASE_URL to a model server that runs already."
        ) from exc
    try:
        yield
    except FoundryLocalException as exc:
        raise ModelUnavailableError(_explain_error(alias, exc)) from exc
    except RuntimeError as exc:  # "FoundryLocalManager is closed"
        raise ModelUnavailableError("The local model was stopped. Start the service again.") from exc


def _explain_error(alias: str, exc: FoundryLocalException) -> str:
    said = " ".join(str(exc).split())[:300].rstrip(".")
    by_words = next((sentences for words, sentences in _BY_WORDS if words in said), _UNKNOWN)
    return _BY_CODE.get(exc.error_code, by_words).format(model=alias, said=said)
