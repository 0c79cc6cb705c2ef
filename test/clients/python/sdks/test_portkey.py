"""Portkey's SDK: calls, and what it manages."""

import json

import pytest
from portkey_ai import Portkey

import rig
from rig import MODEL, READ, recording

MESSAGES = [{"role": "user", "content": "Hello"}]
WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}


def client(provider, **options):
    return Portkey(api_key=rig.WORKSPACE_KEY, base_url=rig.BASE_URL, virtual_key=rig.virtual_key(provider), **options)


def test_chat(provider):
    recorded, trace = recording(provider, "chat").replay(), rig.new_trace("portkey")
    portkey = client(provider, trace_id=trace, metadata={"team": "python"})
    reply = portkey.chat.completions.create(model=MODEL[provider], messages=MESSAGES)
    assert reply.choices[0].message.content == READ[provider].text(recorded)
    assert reply.get_headers()["trace-id"] == trace
    row = rig.log_of(trace)
    assert row["cost_nano"] == rig.nano_dollars(provider, recorded.body["model"], *READ[provider].usage(recorded))
    assert row["metadata"]["team"] == "python"


def test_stream(provider):
    recorded = recording(provider, "stream").replay()
    stream = client(provider).chat.completions.create(model=MODEL[provider], messages=MESSAGES, stream=True)
    assert "".join(c.choices[0].delta.content or "" for c in stream if c.choices) == READ[provider].text(recorded)


@pytest.mark.parametrize("use", ["tool", "parallel"])
def test_tools(provider, use):
    recorded = recording(provider, use).replay()
    reply = client(provider).chat.completions.create(model=MODEL[provider], messages=MESSAGES, tools=[WEATHER])
    calls = reply.choices[0].message.tool_calls
    assert [(c.id, c.function.name, json.loads(c.function.arguments)) for c in calls] == READ[provider].calls(recorded)


@pytest.mark.parametrize("use", ["tool-stream", "parallel-stream"])
def test_tools_in_a_stream(provider, use):
    recorded = recording(provider, use).replay()
    stream = client(provider).chat.completions.create(model=MODEL[provider], messages=MESSAGES, tools=[WEATHER], stream=True)
    joined = {}
    for part in (p for c in stream if c.choices for p in c.choices[0].delta.tool_calls or []):
        call = joined.setdefault(part.index, ["", "", ""])
        for i, text in enumerate((part.id, part.function.name, part.function.arguments)):
            call[i] += text or ""
    assert [(i, name, json.loads(arguments)) for i, name, arguments in joined.values()] == READ[provider].calls(recorded)


def test_embeddings():
    recorded = recording("openai", "embedding").replay()
    reply = client("openai").embeddings.create(model="text-embedding-3-small", input="Hello", encoding_format="float")
    assert list(reply.data[0].embedding) == recorded.body["data"][0]["embedding"]


def test_a_response(provider):
    recorded = recording(provider, {"openai": "response", "anthropic": "chat"}[provider]).replay()
    reply = client(provider).responses.create(model=MODEL[provider], input="Hello")
    want = recorded.body["output"][0]["content"][0]["text"] if provider == "openai" else READ[provider].text(recorded)
    assert reply.output[-1].content[0].text == want


def test_a_response_as_a_stream(provider):
    recorded = recording(provider, {"openai": "response-stream", "anthropic": "stream"}[provider]).replay()
    events = list(client(provider).responses.create(model=MODEL[provider], input="Hello", stream=True))
    text = "".join(e.delta for e in events if e.type == "response.output_text.delta")
    want = "".join(e["delta"] for e in recorded.events if e["type"] == "response.output_text.delta") or READ[provider].text(recorded)
    assert text == want
    assert events[-1].type == "response.completed"


def test_a_config_with_a_fallback():
    recorded = recording("anthropic", "chat").replay()
    rig.script("openai", {"status": 503, "times": -1})
    targets = [{"virtual_key": rig.virtual_key(p), "override_params": {"model": MODEL[p]}} for p in ("openai", "anthropic")]
    portkey = Portkey(api_key=rig.WORKSPACE_KEY, base_url=rig.BASE_URL, config={"strategy": {"mode": "fallback"}, "targets": targets})
    assert portkey.chat.completions.create(messages=MESSAGES).choices[0].message.content == READ["anthropic"].text(recorded)
    assert len(rig.requests("openai")) == 1


def test_a_saved_config():
    recorded = recording("openai", "chat-4o").replay()
    admin = Portkey(api_key=rig.ADMIN_KEY, base_url=rig.BASE_URL)
    slug = admin.configs.create(name="Python", config={"virtual_key": rig.virtual_key("openai"), "retry": {"attempts": 1}}).data["slug"]
    try:
        assert admin.configs.retrieve(slug=slug).data["name"] == "Python"
        portkey = Portkey(api_key=rig.WORKSPACE_KEY, base_url=rig.BASE_URL, config=slug)
        assert portkey.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES).choices[0].message.content == READ["openai"].text(recorded)
    finally:
        admin.configs.delete(slug=slug)


@pytest.mark.parametrize(("use", "kind"), [("invalid-key", "AuthenticationError"), ("unknown-model", "NotFoundError"), ("bad-request", "BadRequestError")])
def test_recorded_errors(provider, use, kind):
    recorded = recording(provider, use).replay()
    with pytest.raises(Exception) as raised:
        client(provider).chat.completions.create(model=MODEL[provider], messages=MESSAGES)
    assert type(raised.value).__name__ == kind
    assert raised.value.status_code == recorded.status
    assert recorded.body["error"]["message"] in str(raised.value)


def test_a_failed_call_is_not_sent_twice():
    rig.script("openai", {"status": 500, "times": -1})
    with pytest.raises(Exception, match="told to answer 500"):
        client("openai").chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)
    assert len(rig.requests("openai")) == 1
