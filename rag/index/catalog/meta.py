"""What the catalog says of itself: its format, and the keys of its table `meta`."""

from __future__ import annotations

from enum import StrEnum

FORMAT = 2
"""Version of the schema. An older catalog is rebuilt, a newer one is refused."""


class Meta(StrEnum):
    """Keys of the table `meta`, whose values are whole numbers."""

    FORMAT = "format"
    """The format again, which the file's head tells too: so a flipped bit there is told from a newer version."""
    IDENTITY = "identity"
    """Random, so that a reader can tell this catalog from the one that was here before it."""
    GENERATION = "generation"
    """Counts the changes of what is live."""
    VECTOR_GENERATION = "vector_generation"
    """Counts the changes of the vectors."""
    SWEEPS = "sweeps"
    """How often a writer began to clear dead chunks out of the views."""
    LIVE_BUILD = "live_build"
    """Id of the build that readers search."""
    UNCLEAN = "unclean"
    """1 while a writer is at work, and after one that did not come to its end."""
    DIGESTED = "digested"
    """1 when all rows have a digest; 0 in a catalog of an earlier version."""
    LEXICAL_STAMP = "lexical_stamp"
    """What the lexical index's files looked like when the last writer left them."""
    VECTORS_STAMP = "vectors_stamp"
    """The same of the vectors' files."""
