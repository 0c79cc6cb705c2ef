"""OpenAI's SDK against OpenAI and, translated, against Anthropic. It runs twice:
in its newest version, and in the one that the frameworks build on."""

import asyncio
import json

import openai
import pydantic
import pytest

import rig
from rig import MODEL, READ, recording

MESSAGES = [{"role": "user", "content": "Hello"}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": PARAMETERS}}


def client(provider, trace=None, **options):
    return openai.OpenAI(api_key=rig.WORKSPACE_KEY, base_url=rig.BASE_URL, max_retries=0, default_headers=rig.headers(provider, trace), **options)


def called(message):
    return [(c.id, c.function.name, json.loads(c.function.arguments)) for c in message.tool_calls]


def test_chat_as_recorded_and_its_cost():
    recorded, trace = recording("openai", "chat-4o").replay(), rig.new_trace("chat")
    reply = client("openai", trace).chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)
    assert reply.to_dict() == recorded.body
    usage = READ["openai"].usage(recorded)
    row = rig.log_of(trace)
    assert (row["req_units"], row["res_units"]) == usage
    assert row["cost_nano"] == rig.nano_dollars("openai", recorded.body["model"], *usage)


def test_chat(provider):
    recorded, trace = recording(provider, "chat").replay(), rig.new_trace("chat")
    reply = client(provider, trace).chat.completions.create(model=MODEL[provider], messages=MESSAGES)
    assert reply.choices[0].message.content == READ[provider].text(recorded)
    usage = READ[provider].usage(recorded)
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == usage
    row = rig.log_of(trace)
    assert row["ai_org"] == provider
    assert row["cost_nano"] == rig.nano_dollars(provider, recorded.body["model"], *usage)


def test_stream(provider):
    recorded = recording(provider, "stream").replay()
    stream = client(provider).chat.completions.create(model=MODEL[provider], messages=MESSAGES, stream=True, stream_options={"include_usage": True})
    chunks = list(stream)
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == READ[provider].text(recorded)
    assert (chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens) == READ[provider].usage(recorded)
    if provider == "openai":
        assert [c.to_dict() for c in chunks] == recorded.events


async def _collect(provider):
    async with openai.AsyncOpenAI(api_key=rig.WORKSPACE_KEY, base_url=rig.BASE_URL, max_retries=0, default_headers=rig.headers(provider)) as client:
        stream = await client.chat.completions.create(model=MODEL[provider], messages=MESSAGES, stream=True)
        return [chunk async for chunk in stream]


def test_stream_of_the_asynchronous_client(provider):
    recorded = recording(provider, "stream").replay()
    chunks = asyncio.run(_collect(provider))
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == READ[provider].text(recorded)


@pytest.mark.parametrize("use", ["tool", "parallel"])
def test_tools(provider, use):
    recorded = recording(provider, use).replay()
    reply = client(provider).chat.completions.create(model=MODEL[provider], messages=MESSAGES, tools=[WEATHER])
    assert called(reply.choices[0].message) == READ[provider].calls(recorded)
    assert reply.choices[0].finish_reason == "tool_calls"
    tool = rig.sent(provider)["tools"][0]
    assert tool == WEATHER if provider == "openai" else tool["input_schema"] == PARAMETERS


@pytest.mark.parametrize("use", ["tool-stream", "parallel-stream"])
def test_tools_in_a_stream(provider, use):
    recorded = recording(provider, use).replay()
    with client(provider).chat.completions.stream(model=MODEL[provider], messages=MESSAGES, tools=[WEATHER]) as stream:
        final = stream.get_final_completion()
    assert called(final.choices[0].message) == READ[provider].calls(recorded)


def test_structured_output(provider):
    recorded = recording(provider, "structured").replay()
    want = json.loads(READ[provider].text(recorded))
    shape = pydantic.create_model("Shape", **{name: (type(value), ...) for name, value in want.items()})
    reply = client(provider).chat.completions.parse(model=MODEL[provider], messages=MESSAGES, response_format=shape)
    assert reply.choices[0].message.parsed.model_dump() == want
    sent = rig.sent(provider)
    schema = sent["response_format"]["json_schema"]["schema"] if provider == "openai" else sent["output_config"]["format"]["schema"]
    assert schema["properties"].keys() == want.keys()


def test_embeddings_as_numbers():
    recorded = recording("openai", "embedding").replay()
    reply = client("openai").embeddings.create(model="text-embedding-3-small", input="Hello", encoding_format="float")
    assert reply.to_dict() == recorded.body


def test_embeddings_as_base64_which_the_sdk_asks_for():
    recorded = recording("openai", "embedding-base64").replay()
    reply = client("openai").embeddings.create(model="text-embedding-3-small", input="Hello", dimensions=256)
    assert len(reply.data[0].embedding) == 256 and all(isinstance(x, float) for x in reply.data[0].embedding)
    assert rig.sent("openai")["encoding_format"] == "base64"
    assert reply.usage.prompt_tokens == recorded.body["usage"]["prompt_tokens"]


def test_a_response():
    recorded = recording("openai", "response").replay()
    reply = client("openai").responses.create(model="gpt-4o-mini", input="Hello")
    assert reply.to_dict() == recorded.body
    assert rig.requests("openai")[0]["path"] == "/openai/v1/responses"


def test_a_response_as_a_stream():
    recorded = recording("openai", "response-stream").replay()
    events = list(client("openai").responses.create(model="gpt-4o-mini", input="Hello", stream=True))
    assert [e.to_dict() for e in events] == recorded.events


def test_a_response_of_anthropic():
    recorded = recording("anthropic", "chat").replay()
    reply = client("anthropic").responses.create(model=MODEL["anthropic"], input="Hello", instructions="Be brief.")
    assert reply.output_text == READ["anthropic"].text(recorded)
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == READ["anthropic"].usage(recorded)


def test_a_response_of_anthropic_as_a_stream():
    recorded = recording("anthropic", "stream").replay()
    with client("anthropic").responses.stream(model=MODEL["anthropic"], input="Hello") as stream:
        text = "".join(e.delta for e in stream if e.type == "response.output_text.delta")
        final = stream.get_final_response()
    assert text == final.output_text == READ["anthropic"].text(recorded)
    assert final.status == "completed"


def test_the_list_of_models():
    recorded = recording("openai", "models").replay()
    assert [m.to_dict() for m in client("openai").models.list()] == recorded.body["data"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("use", "kind"), [
    ("invalid-key", openai.AuthenticationError), ("unknown-model", openai.NotFoundError), ("bad-request", openai.BadRequestError),
])
def test_recorded_errors(provider, use, kind, stream):
    recorded = recording(provider, use).replay()
    with pytest.raises(kind) as raised:
        client(provider).chat.completions.create(model=MODEL[provider], messages=MESSAGES, stream=stream)
    assert raised.value.status_code == recorded.status
    assert recorded.body["error"]["message"] in raised.value.message
    assert raised.value.type == recorded.body["error"]["type"]


@pytest.mark.parametrize(("status", "kind"), [(429, openai.RateLimitError), (500, openai.InternalServerError), (503, openai.InternalServerError)])
def test_failures(provider, status, kind):
    rig.script(provider, {"status": status, "times": -1})
    with pytest.raises(kind, match=f"told to answer {status}"):
        client(provider).chat.completions.create(model=MODEL[provider], messages=MESSAGES)


def test_a_stream_that_breaks_raises(provider):
    recorded = recording(provider, "stream")
    rig.script(provider, {"case": recorded.case, "drop_terminal": True, "cut_at": len(recorded.text) // 2})
    with pytest.raises(openai.APIError):
        list(client(provider).chat.completions.create(model=MODEL[provider], messages=MESSAGES, stream=True))


def test_a_key_that_is_not_ours():
    with pytest.raises(openai.AuthenticationError):
        openai.OpenAI(api_key="sk-not-one-of-ours", base_url=rig.BASE_URL, max_retries=0).chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)
    assert rig.requests("openai") == []
