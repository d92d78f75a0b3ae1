"""The version of the text analysis stands alone, so that comparing it loads no tables."""

ANALYZER_VERSION = 6
"""Raised when terms change, so that indexes made with other terms are rebuilt."""
