"""Anthropic's SDK against Anthropic and, translated, against OpenAI."""

import json

import anthropic
import pydantic
import pytest

import rig
from rig import MODEL, READ, recording

ASK = {"max_tokens": 256, "messages": [{"role": "user", "content": "Hello"}]}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"name": "get_weather", "input_schema": SCHEMA}


def client(provider, trace=None):
    return anthropic.Anthropic(api_key=rig.WORKSPACE_KEY, base_url=rig.ORIGIN, max_retries=0, default_headers=rig.headers(provider, trace))


def called(message):
    return [(b.id, b.name, b.input) for b in message.content if b.type == "tool_use"]


def usage(message):
    return message.usage.input_tokens, message.usage.output_tokens


def test_message(provider):
    recorded, trace = recording(provider, "chat").replay(), rig.new_trace("message")
    reply = client(provider, trace).messages.create(model=MODEL[provider], **ASK)
    assert reply.content[0].text == READ[provider].text(recorded)
    assert usage(reply) == READ[provider].usage(recorded)
    if provider == "anthropic":
        assert reply.to_dict() == recorded.body
    assert rig.log_of(trace)["cost_nano"] == rig.nano_dollars(provider, recorded.body["model"], *READ[provider].usage(recorded))


def test_stream(provider):
    recorded = recording(provider, "stream").replay()
    with client(provider).messages.stream(model=MODEL[provider], **ASK) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == final.content[0].text == READ[provider].text(recorded)
    assert usage(final) == READ[provider].usage(recorded)


def test_events_of_a_stream_as_recorded():
    recorded = recording("anthropic", "stream").replay()
    events = list(client("anthropic").messages.create(model=MODEL["anthropic"], stream=True, **ASK))
    assert [e.to_dict() for e in events] == [e for e in recorded.events if e["type"] != "ping"]


@pytest.mark.parametrize("use", ["tool", "parallel"])
def test_tools(provider, use):
    recorded = recording(provider, use).replay()
    reply = client(provider).messages.create(model=MODEL[provider], tools=[WEATHER], tool_choice={"type": "any"}, **ASK)
    assert called(reply) == READ[provider].calls(recorded)
    assert reply.stop_reason == "tool_use"


@pytest.mark.parametrize("use", ["tool-stream", "parallel-stream"])
def test_tools_in_a_stream(provider, use):
    recorded = recording(provider, use).replay()
    with client(provider).messages.stream(model=MODEL[provider], tools=[WEATHER], **ASK) as stream:
        final = stream.get_final_message()
    assert called(final) == READ[provider].calls(recorded)


def test_structured_output(provider):
    recorded = recording(provider, "structured").replay()
    want = json.loads(READ[provider].text(recorded))
    shape = pydantic.create_model("Shape", **{name: (type(value), ...) for name, value in want.items()})
    reply = client(provider).messages.parse(model=MODEL[provider], output_format=shape, **ASK)
    assert reply.parsed_output.model_dump() == want
    sent = rig.sent(provider)
    schema = sent["response_format"]["json_schema"]["schema"] if provider == "openai" else sent["output_config"]["format"]["schema"]
    assert schema["properties"].keys() == want.keys()


def test_thinking():
    recorded = recording("anthropic", "thinking").replay()
    reply = client("anthropic").messages.create(model=MODEL["anthropic"], thinking={"type": "enabled", "budget_tokens": 1024}, **{**ASK, "max_tokens": 2048})
    assert reply.to_dict() == recorded.body


def test_count_of_tokens():
    recorded = recording("anthropic", "count-tokens").replay()
    assert client("anthropic").messages.count_tokens(model=MODEL["anthropic"], messages=ASK["messages"]).input_tokens == recorded.body["input_tokens"]


ERRORS = {"invalid-key": anthropic.AuthenticationError, "unknown-model": anthropic.NotFoundError, "bad-request": anthropic.BadRequestError}


@pytest.mark.parametrize("use", ERRORS)
def test_recorded_errors(provider, use):
    recorded = recording(provider, use).replay()
    with pytest.raises(ERRORS[use]) as raised:
        client(provider).messages.create(model=MODEL[provider], **ASK)
    assert raised.value.status_code == recorded.status
    assert recorded.body["error"]["message"] in raised.value.body["error"]["message"]


@pytest.mark.parametrize(("status", "kind"), [(429, anthropic.RateLimitError), (500, anthropic.InternalServerError)])
def test_failures(provider, status, kind):
    rig.script(provider, {"status": status, "times": -1})
    with pytest.raises(kind, match=f"told to answer {status}"):
        client(provider).messages.create(model=MODEL[provider], **ASK)


def test_a_stream_that_breaks_raises(provider):
    recorded = recording(provider, "stream")
    rig.script(provider, {"case": recorded.case, "cut_at": len(recorded.text) // 2})
    with pytest.raises(anthropic.APIError), client(provider).messages.stream(model=MODEL[provider], **ASK) as stream:
        stream.until_done()
