"""The protocol's official client, by stdio and by HTTP."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from tests.integration.api.conftest import TEXTS, make_settings

ROOT = Path(__file__).parents[3]


@asynccontextmanager
async def connecting_by_http(url: str) -> AsyncIterator[ClientSession]:
    async with (
        streamable_http_client(f"{url}/mcp") as (reading, writing, _),
        ClientSession(reading, writing) as session,
    ):
        await session.initialize()
        yield session


@asynccontextmanager
async def connecting_by_stdio(corpus: Path, index: Path) -> AsyncIterator[ClientSession]:
    arguments = ["-m", "rag", "mcp", "--corpus", str(corpus), "--index", str(index)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BASE_URL": "http://127.0.0.1:9"}
    server = StdioServerParameters(command=sys.executable, args=arguments, env=environment)
    async with stdio_client(server) as streams, ClientSession(*streams) as session:
        await session.initialize()
        yield session


async def use(session: ClientSession, tool: str, **arguments: object) -> dict[str, Any]:
    result = await session.call_tool(tool, arguments)
    assert result.structuredContent, result
    return result.structuredContent


async def use_tools(session: ClientSession) -> None:
    tools = (await session.list_tools()).tools
    assert [tool.name for tool in tools] == ["search", "ask", "list_documents", "read_page"]
    assert all(tool.annotations and tool.annotations.readOnlyHint for tool in tools)
    while True:  # a new server reads its documents first
        listed = (await session.call_tool("list_documents")).structuredContent
        if listed and [one["source"] for one in listed["documents"]] == sorted(TEXTS):
            break
        await asyncio.sleep(0.1)
    found = await use(session, "search", question="How much does the tank hold?", top_k=1)
    assert found["hits"][0]["source"] == "boiler.md"
    answer = await use(session, "ask", question="When does the ferry leave?", folder="house")
    assert answer["citations"][0]["source"] == "house/ferry.md"
    page = await use(session, "read_page", source="house/ferry.md")
    assert "at noon" in page["text"]
    resources = {one.name: one.uri for one in (await session.list_resources()).resources}
    assert "at noon" in (await session.read_resource(resources["house/ferry.md"])).contents[0].text
    for outside in ("../index/catalog.sqlite3", "/etc/hostname"):
        refused = await session.call_tool("read_page", {"source": outside})
        assert refused.isError
        assert "There is no document" in refused.content[0].text


@pytest.mark.parametrize("way", ["http", "stdio"])
def test_an_assistant_searches_asks_lists_and_reads(api, models_dir, tmp_path, way):
    async def connect() -> None:
        if way == "http":
            async with connecting_by_http(api.url) as session:
                await use_tools(session)
        else:
            settings = make_settings(tmp_path, models_dir)
            async with connecting_by_stdio(settings.corpus_dir, settings.index_dir) as session:
                await use_tools(session)

    asyncio.run(connect())
