"""Portkey's SDK: calls, and what it manages."""

import json
import time
import urllib.request

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


def custom_log(trace, **more):
    return {
        "request": {"url": "https://api.openai.com/v1/chat/completions", "method": "POST", "provider": "openai", "headers": {}, "body": {"model": "gpt-4o-mini"}},
        "response": {"status": 200, "headers": {}, "response_time": 120, "body": {"model": "gpt-4o-mini", "usage": {"prompt_tokens": 10, "completion_tokens": 5}}},
        "metadata": {"trace_id": trace, "span_name": "ask", **more},
    }


def test_logs_and_feedback():
    portkey, trace = Portkey(api_key=rig.WORKSPACE_KEY, base_url=rig.BASE_URL), rig.new_trace("told")
    log = custom_log(trace, _user="ann")
    portkey.logs.create(request=log["request"], response=log["response"], metadata=log["metadata"])
    row = rig.log_of(trace)
    assert (row["source"], row["span_name"], row["total_units"], row["user"]) == ("insert", "ask", 15, "ann")
    given = portkey.feedback.create(trace_id=trace, value=5, weight=0.5, metadata={"n": 1})
    assert given.status == "success"
    portkey.feedback.bulk_create(feedbacks=[{"trace_id": trace, "value": -10}, {"trace_id": trace, "value": 10}])
    portkey.feedback.update(feedback_id=given.feedback_ids[0], value=-6)
    row = rig.log_of(trace)
    assert (row["feedback_count"], row["avg_weighted_feedback"]) == (3, -1)


def test_exports():
    portkey, trace = Portkey(api_key=rig.WORKSPACE_KEY, base_url=rig.BASE_URL), rig.new_trace("exported")
    log = custom_log(trace)
    portkey.logs.create(request=log["request"], response=log["response"], metadata=log["metadata"])
    rig.log_of(trace)
    exports = portkey.logs.exports
    made = exports.create(filters={"trace_id": trace, "time_of_generation_min": "2024-10-20"}, requested_data=["id", "trace_id", "created_at"], description="one")
    assert (made.total, made.object) == (1, "export")
    assert exports.update(export_id=made.id, filters={"trace_id": trace}, requested_data=["trace_id", "response"]).id == made.id
    assert exports.start(export_id=made.id).object == "export"
    for _ in range(200):
        found = exports.retrieve(export_id=made.id)
        if found.status != "in_progress":
            break
        time.sleep(0.05)
    assert found.status == "success"
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(exports.download(export_id=made.id).signed_url, timeout=10) as file:
        row = json.loads(file.read())
    assert row["trace_id"] == trace and row["response"]["body"]["usage"]["prompt_tokens"] == 10
    assert any(e["id"] == made.id for e in exports.list().data)
