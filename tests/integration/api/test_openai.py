"""OpenAI's own client, against our server."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator

import httpx2
import numpy as np
import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from tests.integration.api.conftest import TEXTS, Api

TANK = "How much does the tank of the boiler hold?"


@pytest.fixture(autouse=True)
def answer_plainly(api: Api) -> None:
    api.words.clear()
    api.words[""] = "It holds 18 litres [1]."


@pytest.fixture
def client(api: Api) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{api.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def user(text: str):
    return [{"role": "user", "content": text}]


def test_an_answer_cites_the_document_in_text_and_as_annotations(api, client):
    answer = client.chat.completions.create(model="corpus", messages=user(TANK))
    message = answer.choices[0].message
    address = f"{api.url}/corpus/boiler.md"
    assert message.content == f"It holds 18 litres [1].\n\nSources:\n[1] boiler.md <{address}>"
    assert (answer.model, answer.choices[0].finish_reason) == ("corpus", "stop")
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 20
    cited = message.annotations[0].url_citation
    assert (message.content[cited.start_index : cited.end_index], cited.title) == ("[1]", "boiler.md")
    assert httpx2.get(cited.url).text == TEXTS["boiler.md"]
    counted = httpx2.get(f"{api.url}/metrics").text
    assert 'pagewise_questions_total{outcome="answered",route="endpoint",verdict="yes"}' in counted


def test_a_stream_says_the_same_in_pieces(api, client):
    api.words["tank"] = "It holds |18 litres |[1]."
    pieces = list(
        client.chat.completions.create(
            model="corpus/tiny", messages=user(TANK), stream=True, stream_options={"include_usage": True}
        )
    )
    texts = [piece.choices[0].delta.content or "" for piece in pieces if piece.choices]
    assert (
        "".join(texts) == client.chat.completions.create(model="corpus", messages=user(TANK)).choices[0].message.content
    )
    assert len([text for text in texts if text]) > 2
    *_, last, usage = pieces
    assert last.choices[0].finish_reason == "stop"
    assert last.choices[0].delta.annotations[0]["url_citation"]["title"] == "boiler.md"
    assert usage.usage.completion_tokens > 5


def test_words_that_were_taken_back_are_followed_by_what_counts(api, client):
    api.words["anchor"] = "The documents don't say."
    asked = {"model": "corpus", "messages": user("Which anchor does the ferry use?")}
    streamed = "".join(
        piece.choices[0].delta.content or "" for piece in client.chat.completions.create(**asked, stream=True)
    )
    whole = client.chat.completions.create(**asked).choices[0].message.content
    assert streamed == f"The documents don't say.\n\n{whole}"
    assert whole.startswith("Your documents don't seem to answer this.")
    assert "The ferry to the island leaves at noon." in whole
    assert "See footnote (2) of the timetable" in whole, "A document's own marker is none of ours."


def test_an_answer_that_is_to_be_compared_with_the_quotes_has_them_below(api, client):
    api.words["anchor"] = "It uses 18 anchors of iron [1]."
    whole = client.chat.completions.create(model="corpus", messages=user("Which anchor does the ferry use?"))
    assert "\n\n> The ferry to the island leaves at noon." in whole.choices[0].message.content


def test_a_conversation_goes_on(api, client):
    messages = [*user(TANK), {"role": "assistant", "content": "It holds 18 litres [1].\n\nSources:\n[1] x"}]
    api.words["Rewrite the user's last question"] = "How often must the boiler be descaled?"
    client.chat.completions.create(model="corpus", messages=[*messages, *user("And how often must it be descaled?")])
    rewriting, answering = (str(request["messages"]) for request in api.requests[-2:])
    assert "Sources:" not in rewriting
    assert "How often must the boiler be descaled?" in answering


def test_parts_of_a_message_are_read_and_tools_that_are_offered_are_tolerated(client):
    messages = [
        {"role": "user", "content": [{"type": "text", "text": TANK}]},
    ]
    tools = [{"type": "function", "function": {"name": "look", "parameters": {}}}]
    answer = client.chat.completions.create(model="corpus", messages=messages, tools=tools, tool_choice="auto", seed=1)
    assert "18 litres" in answer.choices[0].message.content


def test_a_model_s_name_chooses_a_folder_or_the_language_model_alone(api, client):
    assert [model.id for model in client.models.list()] == ["corpus", "corpus/tiny", "tiny", "folder/house"]
    assert client.models.retrieve("folder/house").id == "folder/house"
    client.chat.completions.create(model="folder/house", messages=user("When does the boiler's ferry leave?"))
    assert "leaves at noon" in str(api.requests[-1]["messages"])
    assert "holds 18 litres" not in str(api.requests[-1]["messages"])
    alone = client.chat.completions.create(model="tiny", messages=user("Hello"), max_tokens=7)
    assert alone.choices[0].message.content == "It holds 18 litres [1]."
    assert (api.requests[-1]["messages"], api.requests[-1]["max_tokens"]) == (user("Hello"), 7)


@pytest.mark.parametrize("stream", [False, True])
def test_a_stop_sequence_ends_the_text(client, stream):
    asked = {"model": "corpus", "messages": user(TANK), "stop": ["litres", "Sour"]}
    if stream:
        pieces = client.chat.completions.create(**asked, stream=True)
        text = "".join(piece.choices[0].delta.content or "" for piece in pieces)
    else:
        text = client.chat.completions.create(**asked).choices[0].message.content
    assert text == "It holds 18 "


@pytest.mark.parametrize(
    ("more", "error", "param", "code"),
    [
        ({"model": "gpt-9"}, openai.NotFoundError, "model", "model_not_found"),
        ({"messages": []}, openai.BadRequestError, "messages", None),
        ({"messages": user("  ")}, openai.BadRequestError, None, None),
        ({"messages": [{"role": "assistant", "content": "Hm"}]}, openai.BadRequestError, "messages", None),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]},
            openai.BadRequestError,
            "messages",
            None,
        ),
        ({"temperature": 9}, openai.BadRequestError, "temperature", None),
        ({"response_format": {"type": "json_object"}}, openai.BadRequestError, "response_format", None),
        ({"tool_choice": "required"}, openai.BadRequestError, "tool_choice", None),
        ({"logprobs": True}, openai.BadRequestError, "logprobs", None),
        (
            {"messages": [{"role": "system", "content": "x" * 4_001}, *user(TANK)]},
            openai.BadRequestError,
            "messages",
            None,
        ),
        ({"extra_body": {"model": 3}}, openai.BadRequestError, "model", None),
        ({"messages": user("x" * 1_100_000)}, openai.APIStatusError, None, None),
    ],
)
def test_what_can_t_be_answered_is_an_error_in_openai_s_form(client, more, error, param, code):
    with pytest.raises(error) as caught:
        client.chat.completions.create(**{"model": "corpus", "messages": user(TANK), **more})
    body = caught.value.body
    assert (body["type"], body["param"], body["code"]) == ("invalid_request_error", param, code)
    assert body["message"].endswith(".")


@pytest.mark.parametrize("stream", [True, False])
def test_a_caller_who_leaves_stops_the_model(api, stream):
    api.words["timetable"] = "Hm |and so on …"

    async def leave() -> None:
        async with AsyncOpenAI(base_url=f"{api.url}/v1", api_key="none", max_retries=0) as client:
            asked = {"model": "corpus", "messages": user("What does the timetable of the ferry say?")}
            if stream:
                async for piece in await client.chat.completions.create(**asked, stream=True):
                    if piece.choices[0].delta.content:
                        return
            before = len(api.requests)
            task = asyncio.ensure_future(client.chat.completions.create(**asked))
            while len(api.requests) == before:
                await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(leave())
    assert api.requests.wait_until_left(20)


def test_fifty_streams_at_once(api):
    async def ask(client: AsyncOpenAI) -> str:
        stream = await client.chat.completions.create(model="corpus", messages=user(TANK), stream=True)
        return "".join([piece.choices[0].delta.content or "" async for piece in stream])

    async def ask_all() -> list[str]:
        async with AsyncOpenAI(base_url=f"{api.url}/v1", api_key="none", max_retries=0) as client:
            return await asyncio.gather(*(ask(client) for _ in range(50)))

    answers = asyncio.run(ask_all())
    assert len(set(answers)) == 1
    assert "18 litres" in answers[0]


def test_a_response_has_its_passages_as_a_file_search(api, client):
    response = client.responses.create(model="corpus", input=TANK)
    search, message = response.output
    assert (search.type, search.queries, search.results[0].filename) == ("file_search_call", [TANK], "boiler.md")
    assert "18 litres" in search.results[0].text
    citation = message.content[0].annotations[0]
    assert (citation.type, citation.file_id) == ("file_citation", "boiler.md")
    assert response.output_text[citation.index :].startswith("[1]")
    with pytest.raises(openai.BadRequestError, match="aren't kept"):
        client.responses.create(model="corpus", input=TANK, previous_response_id=response.id)
    with client.responses.stream(model="corpus", input=user(TANK)) as stream:
        kinds = [event.type for event in stream]
        assert stream.get_final_response().output_text == response.output_text
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")


@pytest.mark.parametrize("form", ["base64", "float"])
def test_embeddings_are_those_of_the_index(client, embedder, form):
    texts = ["The ferry leaves at noon.", "水"]
    answer = client.embeddings.create(model="all-MiniLM-L6-v2", input=texts, encoding_format=form)
    vectors = [one.embedding for one in answer.data]
    if form == "base64":
        vectors = [np.frombuffer(base64.b64decode(vector), "<f4") for vector in vectors]
    assert np.allclose(vectors, embedder.embed_documents(texts), atol=1e-6)
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="text-embedding-3-small", input="x")
    with pytest.raises(openai.BadRequestError):
        client.embeddings.create(model="all-MiniLM-L6-v2", input="x", dimensions=3)
