"""What of a model is at hand, and whether the model hub can be asked for it. Sole owner of huggingface_hub."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rag.errors import EmbeddingModelError
from rag.models.source import PACKAGE_DIGESTS, Say, Source, get_first_line, hash_file, list_model_files

# Of one request that tells whether the hub is there. The hub's own client waits 10 s, then asks again.
_CONNECT_S, _ANSWER_S = 5.0, 10.0


def make_not_loaded_error(source: Source, reason: str) -> EmbeddingModelError:
    what = "cannot be loaded" if source.is_local else "is neither a folder nor could it be downloaded"
    return EmbeddingModelError(
        f"The {source.kind.noun} {source.location!r} {what} ({reason})."
        f" Correct {source.kind.setting}, or {source.kind.way_out}."
    )


def is_all_local(source: Source, progress: Say) -> bool:
    """Whether to load it without a network. Raises EmbeddingModelError if that can't be and there is none."""
    reason = "" if source.is_local else _explain_offline()
    if reason and find_cached_config(source) is None:
        raise make_not_loaded_error(source, reason)
    if reason:
        progress(f"The model hub is left alone ({reason}); what was downloaded earlier is used.")
    return source.is_local or bool(reason)


def _explain_offline() -> str:
    """Why the hub can't be reached; empty if it can.

    One request tells. Left to themselves the libraries ask for file after file, each six times: 86 s in all.
    """
    from huggingface_hub import constants, get_session

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    try:
        get_session().head(constants.ENDPOINT, timeout=(_CONNECT_S, _ANSWER_S, _ANSWER_S, _CONNECT_S))
    except Exception as exc:  # name resolution, proxy, certificate, time; any answer at all is one
        return f"{constants.ENDPOINT} cannot be reached: {get_first_line(exc)}"
    return ""


def find_cached_config(source: Source) -> Path | None:
    """The model's configuration file among what was downloaded; its folder is named after the revision."""
    from huggingface_hub import errors, try_to_load_from_cache

    # sentence-transformers' own models may be named without their owner
    names = (source.name,) if "/" in source.name else (f"{source.kind.owner}/{source.name}", source.name)
    try:
        found = [try_to_load_from_cache(name, "config.json") for name in names]
    except errors.HFValidationError:  # a name that the hub can't have
        return None
    return next((Path(path) for path in found if isinstance(path, str)), None)


def identify(source: Source) -> str:
    """SHA-256 of the weights, or the hub's revision."""
    if source.is_packaged:
        return PACKAGE_DIGESTS["model.safetensors"]
    if source.is_local:
        return _hash_folder(source.folder)
    config = find_cached_config(source)
    return config.parent.name if config else "unknown revision"


def _hash_folder(folder: Path) -> str:
    digests = (f"{path.relative_to(folder).as_posix()} {hash_file(path)}\n" for path in list_model_files(folder))
    return hashlib.sha256("".join(digests).encode()).hexdigest()
