"""The settings of each model that a route needs, and of one that is named."""

from __future__ import annotations

from dataclasses import replace

from rag.settings import NO_KEY, Settings


def list_settings(settings: Settings) -> dict[str, Settings]:
    """The settings of each model that the route needs, by its part: ``local``, ``cloud`` or a task."""
    route = settings.route
    is_beside = route in ("local-first", "cloud-first")
    # With a cloud beside the local model, Azure's variables tell of the cloud.
    local = replace(settings, azure_endpoint="") if is_beside else settings
    chosen = {"local": local}
    if is_beside and settings.cloud_url:
        key = settings.cloud_api_key or NO_KEY
        chosen["cloud"] = replace(local, base_url=settings.cloud_url, api_key=key, model=settings.cloud_model)
    elif is_beside:
        chosen["cloud"] = replace(settings, base_url="", model=settings.cloud_model)
    if route == "task":
        named = {"code": settings.code_model, "reasoning": settings.reasoning_model}
        chosen |= {task: place_model(settings, name) for task, name in named.items() if name}
    return chosen


def place_model(settings: Settings, named: str) -> Settings:
    """The settings for a model named ``MODEL``, where the other is, or ``MODEL@URL``, at another server.

    API_KEY goes to the server that it was given for alone; CLOUD_API_KEY to that at CLOUD_BASE_URL.
    """
    model, at, url = named.partition("@http")
    if not at:
        return replace(settings, model=named)
    address = f"http{url}"
    keys = {settings.base_url: settings.api_key, settings.cloud_url: settings.cloud_api_key}
    key = keys.get(address) or NO_KEY
    return replace(settings, model=model, base_url=address, azure_endpoint="", api_key=key)


def trim_address(address: str) -> str:
    """The address of a server in one form, whether it was written with ``/v1`` and a slash at its end or without."""
    return address.rstrip("/").removesuffix("/v1").rstrip("/")


def is_served(settings: Settings) -> bool:
    """Whether another program has the model."""
    return bool(settings.base_url or settings.azure_endpoint)
