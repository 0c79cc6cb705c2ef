"""Instructor: answers as typed values, by tools and by schemas."""

import functools
import json
import operator
from collections.abc import Iterable

import anthropic
import instructor
import openai
import pydantic
import pytest
from instructor.core import InstructorRetryException

import rig
from rig import MODEL, READ, recording

MESSAGES = [{"role": "user", "content": "Hello"}]


def by_openai(provider, mode, trace=None):
    sdk = openai.OpenAI(api_key=rig.WORKSPACE_KEY, base_url=rig.BASE_URL, max_retries=0, default_headers=rig.headers(provider, trace))
    return instructor.from_openai(sdk, mode=mode)


def by_anthropic(provider):
    sdk = anthropic.Anthropic(api_key=rig.WORKSPACE_KEY, base_url=rig.ORIGIN, max_retries=0, default_headers=rig.headers(provider))
    return instructor.from_anthropic(sdk, mode=instructor.Mode.TOOLS)


def shape(name, values):
    return pydantic.create_model(name, **{key: (type(value), ...) for key, value in values.items()})


def test_by_a_tool(provider):
    recorded, trace = recording(provider, "tool").replay(), rig.new_trace("instructor")
    [(_, name, want)] = READ[provider].calls(recorded)
    made = by_openai(provider, instructor.Mode.TOOLS, trace).create(model=MODEL[provider], messages=MESSAGES, response_model=shape(name, want), max_retries=0)
    assert made.model_dump() == want
    tools = rig.sent(provider)["tools"]
    assert [t["function"]["name"] if provider == "openai" else t["name"] for t in tools] == [name]
    assert rig.log_of(trace)["ai_org"] == provider


def test_by_a_tool_of_anthropics_format(provider):
    recorded = recording(provider, "tool").replay()
    [(_, name, want)] = READ[provider].calls(recorded)
    made = by_anthropic(provider).create(
        model=MODEL[provider], max_tokens=256, messages=MESSAGES, response_model=shape(name, want), max_retries=0,
    )
    assert made.model_dump() == want


def test_by_a_schema(provider):
    recorded = recording(provider, "structured").replay()
    want = json.loads(READ[provider].text(recorded))
    made = by_openai(provider, instructor.Mode.JSON_SCHEMA).create(model=MODEL[provider], messages=MESSAGES, response_model=shape("Shape", want), max_retries=0)
    assert made.model_dump() == want


def test_by_a_tool_in_a_stream(provider):
    recorded = recording(provider, "tool-stream").replay()
    name, want = READ[provider].calls(recorded)[0][1:]
    parts = list(by_openai(provider, instructor.Mode.TOOLS).create_partial(model=MODEL[provider], messages=MESSAGES, response_model=shape(name, want), max_retries=0))
    assert parts[-1].model_dump() == want
    assert rig.sent(provider)["stream"] is True


def test_by_tools_side_by_side(provider):
    recorded = recording(provider, "parallel").replay()
    calls = READ[provider].calls(recorded)
    shapes = {name: shape(name, values) for _, name, values in calls}
    made = by_openai(provider, instructor.Mode.PARALLEL_TOOLS).create(
        model=MODEL[provider], messages=MESSAGES, response_model=Iterable[functools.reduce(operator.or_, shapes.values())], max_retries=0,
    )
    assert [(type(m).__name__, m.model_dump()) for m in made] == [(name, values) for _, name, values in calls]


def test_an_answer_that_does_not_fit_is_asked_for_again():
    recorded = recording("openai", "tool").replay()
    [(_, name, _)] = READ["openai"].calls(recorded)
    with pytest.raises(InstructorRetryException):
        by_openai("openai", instructor.Mode.TOOLS).create(model="gpt-4o-mini", messages=MESSAGES, response_model=shape(name, {"absent": 1}), max_retries=1)
    assert len(rig.requests("openai")) == 2


def test_errors_reach_through(provider):
    recorded = recording(provider, "bad-request").replay()
    with pytest.raises(Exception) as raised:
        by_openai(provider, instructor.Mode.TOOLS).create(model=MODEL[provider], messages=MESSAGES, response_model=shape("Shape", {"a": 1}), max_retries=0)
    assert recorded.body["error"]["message"] in str(raised.value)
