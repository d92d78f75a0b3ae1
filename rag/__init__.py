"""Asking: from a question to an answer that cites its pages. Never imports `ingest`."""
