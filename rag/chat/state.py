"""Where a language model stands, as it is shown to users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["starting", "downloading", "loading", "ready", "failed", "closed"]
Route = Literal["local", "endpoint"]


@dataclass(frozen=True, slots=True)
class ModelState:
    """Where the model stands: `detail` says it and `fix` what the user can do, each in plain sentences."""

    kind: Kind
    detail: str
    fix: str = ""
    percent: float | None = None
    """How much of the download is done, 0 to 100 in whole numbers."""
    model_id: str = ""
    route: Route = "local"
    context_length: int | None = None
    """How many tokens the model can read and write together; None while unknown."""
    place: str = ""
    """Where the model runs: ``on this machine``, or ``at`` and a host; empty while that is unknown."""

    @property
    def is_ready(self) -> bool:
        return self.kind == "ready"
