"""How far the results of an exported model agree with the original's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.models.manifest import Agreement

if TYPE_CHECKING:
    import numpy as np

    from rag.models.onnx import Vectors


def compare_by_cosine(found: Vectors, expected: Vectors) -> Agreement:
    """Mean and minimum cosine of normalised vectors, row by row; 0 if any isn't a number."""
    import numpy as np

    return _summarise(np.sum(found * expected, axis=1))


def compare_by_concordance(found: Vectors, expected: Vectors) -> Agreement:
    """Mean and minimum of Lin's concordance correlation coefficient of the scores, row by row.

    Unlike a correlation it is 1 only for equal scores. From L. I. Lin, A concordance correlation coefficient to
    evaluate reproducibility, Biometrics 45 (1989). A row of one score throughout is as near to another as it is.
    """
    import numpy as np

    left, right = found.astype(np.float64), expected.astype(np.float64)
    left_mean, right_mean = left.mean(axis=1), right.mean(axis=1)
    shared = np.mean((left - left_mean[:, None]) * (right - right_mean[:, None]), axis=1)
    spread = left.var(axis=1) + right.var(axis=1) + (left_mean - right_mean) ** 2
    return _summarise(np.where(spread == 0, 1.0, 2 * shared / np.where(spread == 0, 1.0, spread)))


def _summarise(likenesses: np.ndarray) -> Agreement:
    import numpy as np

    known = np.nan_to_num(likenesses, nan=0.0)
    return Agreement(round(float(known.mean()), 6), round(float(known.min()), 6))
