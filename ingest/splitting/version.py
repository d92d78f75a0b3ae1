"""The version of the splitter: alone, so that comparing it loads no tables and patterns."""

SPLITTER_VERSION = 2
"""Raised when the same text gives other chunks, so that the index is built anew."""
