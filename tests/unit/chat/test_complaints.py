"""What servers say when they refuse, in the words of many of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from rag.chat.complaints import Change, Complaint, find_change, read_complaint

TOO_LONG = [
    "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens.",
    "the request exceeds the available context size, try increasing it",
    "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens",
    "Input validation error: `inputs` must have less than 1024 tokens. Given: 2000",
    "Input is too long for requested model.",
    "Prompt length 5000 is greater than max_seq_len 4096",
    "input_ids size (5000) exceeds max length (4096)",
    "The prompt (5000 tokens) plus max_tokens (100) is larger than n_ctx 4096",
    "requested 5000 tokens exceed the window of 4096",
    "prompt is too long: 5000 tokens > 4096 maximum",
    "The input token count (5000) exceeds the maximum number of tokens allowed (4096).",
    "Request body too large for tiny model. Max size: 4096 tokens.",
    "Request too large for tiny on tokens per min (TPM): Limit 4096, Requested 5000. Tokens must be reduced.",
    "Invalid 'messages[1].content': string too long. Expected a string with maximum length 4096.",
    "Please reduce the length of the messages.",
    "ContextWindowExceededError: 5000 tokens",
    "context_length_exceeded",
    "exceed_context_size_error",
]
TOO_LONG_FOR_SERVERS_ABROAD = [
    "This model has a context window of 4,096 tokens but you sent 5,000.",
    "Range of input length should be [1, 4096]",
    "The input is longer than session_len 4096",
    "Payload is too large. Max payload size is 4096",
    "Die Eingabe ist zu lang: 5000 Token überschreiten das Maximum von 4096.",
    "La requête est trop longue : 5000 jetons, maximum 4096",
    "La entrada es demasiado larga (5000 tokens; máximo 4096).",
    "Превышена максимальная длина контекста: 4096 токенов",
    "输入长度超过限制：最大 4096 tokens",
    "请求内容过长，超出模型上下文长度限制",
    "入力が長すぎます。最大トークン数は4096です。",
    "입력이 너무 깁니다. 최대 토큰 수는 4096입니다.",
    "A bemenet 5000 token, legfeljebb 4096 lehet.",
]
OTHERWISE = [
    "max_tokens is too large: 9000. This model supports at most 4096 completion tokens.",
    "max_tokens must be less than or equal to 4096 tokens",
    "Invalid request: temperature must be less than 2",
    "Rate limit reached on tokens per minute: Limit 4096, Used 4000, Requested 100. Please try again in 2s.",
    "You exceeded your current quota",
    "CUDA out of memory",
    "System role not supported",
    "max_tokens 参数超过最大值 4096",
    "`messages` must contain at least 1 item",
    "The response was filtered due to the prompt triggering the content management policy.",
]


def test_a_prompt_that_is_too_long_is_told_by_what_all_servers_name():
    assert [said for said in TOO_LONG if not Complaint(said).is_about_length] == []
    assert [said for said in OTHERWISE if Complaint(said).is_about_length] == []
    assert [said for said in TOO_LONG_FOR_SERVERS_ABROAD if not Complaint(said, 400).is_about_length] == []
    assert [said for said in OTHERWISE if Complaint(said, 400).is_about_length] == []
    assert not Complaint("You have 2,000 tokens left to spend", 402).is_about_length
    assert not Complaint("The request asks for more tokens (3000) than your credits pay for", 402).is_about_length
    assert Complaint("Payload refused", status=413).is_about_length
    assert Complaint("Bad request", code="context_length_exceeded").is_about_length


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"message": "out of\x1b[31m  memory\u202e\n"}, "out of memory"),
        ({"detail": "Not Found"}, "Not Found"),
        ({"detail": [{"loc": ["body", "top_k"], "msg": "too small"}, {"msg": "x"}]}, "top_k: too small; x"),
        ([{"error": {"message": "No such key"}}], "No such key"),
        ({"message": '{"error": {"message": "Broken"}}'}, "Broken"),
        ({"errors": [{"code": 7, "message": "No route"}]}, "No route"),
        ("model not found", "model not found"),
        ("<html><body><h1>502 Bad Gateway</h1></body></html>", "502 Bad Gateway"),
        ("<html><style>p{}</style><script>f()</script><h1>Bad Gateway</h1></html>", "Bad Gateway"),
        ("{broken", "{broken"),
        ({"message": {"message": {"message": {"message": {"message": {"message": "deep"}}}}}}, "Error code: 400"),
        (None, "Error code: 400"),
        ({}, "Error code: 400"),
        ("[" * 50_000, "[" * 400),
        ({"message": "key secret-key is wrong"}, "key … is wrong"),
    ],
)
def test_the_words_are_found_in_a_body_of_any_form_and_cleaned(body: object, said: str):
    error: Any = SimpleNamespace(body=body, message="Error code: 400", status_code=400)
    assert read_complaint(error, "secret-key").said == said


REQUEST = {
    "model": "tiny",
    "messages": [{"role": "system", "content": "Cite."}, {"role": "user", "content": "Why?"}],
    "max_tokens": 9,
    "temperature": 0.0,
    "stream": True,
}


@pytest.mark.parametrize(
    ("said", "changed"),
    [
        ("System role not supported", {"messages": [{"role": "user", "content": "Cite.\n\nWhy?"}]}),
        (
            "Conversation roles must alternate user/assistant/…",
            {"messages": [{"role": "user", "content": "Cite.\n\nWhy?"}]},
        ),
        ("参数非法：不支持 system 角色", {"messages": [{"role": "user", "content": "Cite.\n\nWhy?"}]}),
        ("Conversation must start with a user message", {"messages": [{"role": "user", "content": "Cite.\n\nWhy?"}]}),
        ("Developer instruction is not enabled", {"messages": [{"role": "user", "content": "Cite.\n\nWhy?"}]}),
        (
            "'max_tokens' is not supported. Use 'max_completion_tokens'.",
            {"max_tokens": None, "max_completion_tokens": 9},
        ),
        ("max_tokens: Extra inputs are not permitted", {"max_tokens": None}),
        ("'temperature' does not support 0.0", {"temperature": None}),
        ("`temperature` must be strictly positive", {"temperature": None}),
        ("Streaming is not supported", {"extra_body": {"stream": False}}),
    ],
)
def test_a_request_is_changed_in_what_is_disliked_and_only_once(said: str, changed: dict[str, object]):
    complaint = Complaint(said, status=400)
    change = find_change(REQUEST, complaint)
    assert change is not None
    request = change.apply(REQUEST)
    assert request == {name: value for name, value in {**REQUEST, **changed}.items() if value is not None}
    assert change.apply(request) == request
    assert find_change(request, Complaint(said.replace("max_completion_tokens", "it"), status=400)) is None


def test_a_parameter_that_the_error_names_apart_goes_before_one_in_its_words():
    said = "This value is not supported with this max_tokens"
    assert find_change(REQUEST, Complaint(said, 400, parameter="temperature")) == Change("temperature")


@pytest.mark.parametrize(("said", "status"), [("temperature", 401), ("no role for this key", 403), ("CUDA broke", 500)])
def test_nothing_is_changed_for_other_refusals(said: str, status: int):
    assert find_change(REQUEST, Complaint(said, status)) is None
