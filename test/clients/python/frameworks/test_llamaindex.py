"""LlamaIndex's model and embeddings of OpenAI's format."""

import json

import openai
import pytest
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.embeddings.openai import OpenAIEmbedding
from llama_index.llms.openai import OpenAI

import rig
from rig import MODEL, READ, recording


def get_weather(city: str) -> str:
    """Tells the weather."""
    return "sunny"


def llm(provider, trace=None):
    # The library takes the names of OpenAI's own models only; a config says the other's.
    config = {"virtual_key": rig.virtual_key(provider), "override_params": {"model": MODEL[provider]}}
    headers = {"x-portkey-config": json.dumps(config), **({"x-portkey-trace-id": trace} if trace else {})}
    return OpenAI(model="gpt-4o-mini", api_key=rig.WORKSPACE_KEY, api_base=rig.BASE_URL, max_retries=0, default_headers=headers)


HELLO = [ChatMessage(role="user", content="Hello")]


def test_chat(provider):
    recorded, trace = recording(provider, "chat").replay(), rig.new_trace("llamaindex")
    assert llm(provider, trace).chat(HELLO).message.content == READ[provider].text(recorded)
    assert rig.sent(provider)["model"] == MODEL[provider]
    assert rig.log_of(trace)["cost_nano"] == rig.nano_dollars(provider, recorded.body["model"], *READ[provider].usage(recorded))


def test_complete(provider):
    recorded = recording(provider, "chat").replay()
    assert llm(provider).complete("Hello").text == READ[provider].text(recorded)


def test_stream(provider):
    recorded = recording(provider, "stream").replay()
    assert "".join(part.delta or "" for part in llm(provider).stream_chat(HELLO)) == READ[provider].text(recorded)


@pytest.mark.parametrize("use", ["tool", "parallel"])
def test_tools(provider, use):
    recorded = recording(provider, use).replay()
    model = llm(provider)
    reply = model.chat_with_tools([FunctionTool.from_defaults(get_weather)], user_msg="Hello", allow_parallel_tool_calls=True)
    calls = model.get_tool_calls_from_response(reply)
    assert [(c.tool_id, c.tool_name, c.tool_kwargs) for c in calls] == READ[provider].calls(recorded)


@pytest.mark.parametrize("use", ["tool-stream", "parallel-stream"])
def test_tools_in_a_stream(provider, use):
    recorded = recording(provider, use).replay()
    model = llm(provider)
    *_, last = model.stream_chat_with_tools([FunctionTool.from_defaults(get_weather)], user_msg="Hello", allow_parallel_tool_calls=True)
    calls = model.get_tool_calls_from_response(last)
    assert [(c.tool_id, c.tool_name, c.tool_kwargs) for c in calls] == READ[provider].calls(recorded)


def test_embeddings():
    recorded = recording("openai", "embedding").replay()
    embedding = OpenAIEmbedding(
        model_name="text-embedding-3-small", api_key=rig.WORKSPACE_KEY, api_base=rig.BASE_URL, default_headers=rig.headers("openai"),
        additional_kwargs={"encoding_format": "float"},
    )
    assert embedding.get_text_embedding("Hello") == recorded.body["data"][0]["embedding"]


@pytest.mark.parametrize(("use", "kind"), [
    ("invalid-key", openai.AuthenticationError), ("unknown-model", openai.NotFoundError), ("bad-request", openai.BadRequestError),
])
def test_recorded_errors(provider, use, kind):
    recorded = recording(provider, use).replay()
    with pytest.raises(kind) as raised:
        llm(provider).chat(HELLO)
    assert recorded.body["error"]["message"] in str(raised.value)
