"""The version of the text analysis: alone, so that comparing it loads no tables."""

ANALYZER_VERSION = 2
"""Raise it when terms change, so that indexes made with other terms are rebuilt."""
