"""Bringing in: make the index equal the folder."""
