"""Fixtures that several integration tests share."""

from tests.foundry.fixtures import foundry_catalog_url, foundry_dir, foundry_environment, foundry_texts

__all__ = ["foundry_catalog_url", "foundry_dir", "foundry_environment", "foundry_texts"]
