"""LangChain's chat models and embeddings."""

import json

import anthropic
import openai
import pydantic
import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings

import rig
from rig import MODEL, READ, recording


class get_weather(pydantic.BaseModel):
    """Tells the weather."""

    city: str


def by_openai(provider, trace=None, **options):
    return ChatOpenAI(
        model=MODEL[provider], api_key=rig.WORKSPACE_KEY, base_url=rig.BASE_URL, max_retries=0, default_headers=rig.headers(provider, trace), **options,
    )


def by_anthropic(provider, trace=None, **options):
    return ChatAnthropic(
        model=MODEL[provider], api_key=rig.WORKSPACE_KEY, base_url=rig.ORIGIN, max_retries=0, max_tokens=256, default_headers=rig.headers(provider, trace), **options,
    )


@pytest.fixture(params=[by_openai, by_anthropic], ids=["ChatOpenAI", "ChatAnthropic"])
def model(request):
    return request.param


def called(message):
    return [(c["id"], c["name"], c["args"]) for c in message.tool_calls]


def test_chat(model, provider):
    recorded, trace = recording(provider, "chat").replay(), rig.new_trace("langchain")
    reply = model(provider, trace).invoke("Hello")
    assert reply.text == READ[provider].text(recorded)
    usage = READ[provider].usage(recorded)
    assert (reply.usage_metadata["input_tokens"], reply.usage_metadata["output_tokens"]) == usage
    assert rig.log_of(trace)["cost_nano"] == rig.nano_dollars(provider, recorded.body["model"], *usage)


def test_stream(model, provider):
    recorded = recording(provider, "stream").replay()
    whole = None
    for chunk in model(provider, stream_usage=True).stream("Hello"):
        whole = chunk if whole is None else whole + chunk
    assert whole.text == READ[provider].text(recorded)
    usage = READ[provider].usage(recorded)
    assert whole.usage_metadata["output_tokens"] == usage[1]
    # ChatAnthropic takes the input's tokens from the last event only, where Anthropic did not always tell them.
    if model is by_openai or provider == "openai" or "input_tokens" in recorded.events[-2]["usage"]:
        assert whole.usage_metadata["input_tokens"] == usage[0]


@pytest.mark.parametrize("use", ["tool", "parallel"])
def test_tools(model, provider, use):
    recorded = recording(provider, use).replay()
    assert called(model(provider).bind_tools([get_weather]).invoke("Hello")) == READ[provider].calls(recorded)


@pytest.mark.parametrize("use", ["tool-stream", "parallel-stream"])
def test_tools_in_a_stream(model, provider, use):
    recorded = recording(provider, use).replay()
    whole = None
    for chunk in model(provider).bind_tools([get_weather]).stream("Hello"):
        whole = chunk if whole is None else whole + chunk
    assert called(whole) == READ[provider].calls(recorded)


def test_the_result_of_a_tool_goes_back(model, provider):
    recorded = recording(provider, "chat").replay()
    call = {"id": "call_7", "name": "get_weather", "args": {"city": "Paris"}}
    history = [HumanMessage("Hello"), AIMessage("", tool_calls=[call]), ToolMessage("sunny", tool_call_id="call_7")]
    assert model(provider).bind_tools([get_weather]).invoke(history).text == READ[provider].text(recorded)
    assert all(part in json.dumps(rig.sent(provider)["messages"]) for part in ("call_7", "Paris", "sunny"))


def test_structured_output(provider):
    recorded = recording(provider, "structured").replay()
    want = json.loads(READ[provider].text(recorded))
    shape = pydantic.create_model("Shape", **{name: (type(value), ...) for name, value in want.items()})
    assert by_openai(provider).with_structured_output(shape).invoke("Hello").model_dump() == want


def test_responses(provider):
    recorded = recording(provider, {"openai": "response", "anthropic": "chat"}[provider]).replay()
    reply = by_openai(provider, use_responses_api=True).invoke("Hello")
    want = recorded.body["output"][0]["content"][0]["text"] if provider == "openai" else READ[provider].text(recorded)
    assert reply.text == want


def test_embeddings():
    recorded = recording("openai", "embedding").replay()
    # Without this the library counts tokens with a table that it fetches.
    embeddings = OpenAIEmbeddings(
        model="text-embedding-3-small", api_key=rig.WORKSPACE_KEY, base_url=rig.BASE_URL, default_headers=rig.headers("openai"),
        check_embedding_ctx_length=False, model_kwargs={"encoding_format": "float"},
    )
    assert embeddings.embed_query("Hello") == recorded.body["data"][0]["embedding"]


@pytest.mark.parametrize("use", ["invalid-key", "unknown-model", "bad-request"])
def test_recorded_errors(model, provider, use):
    recorded = recording(provider, use).replay()
    sdk = openai if model is by_openai else anthropic
    kinds = {"invalid-key": sdk.AuthenticationError, "unknown-model": sdk.NotFoundError, "bad-request": sdk.BadRequestError}
    with pytest.raises(kinds[use]) as raised:
        model(provider).invoke("Hello")
    assert recorded.body["error"]["message"] in str(raised.value)
