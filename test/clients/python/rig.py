"""What the tests share: the server under test and its log, the stand-in for the
providers, and what they really answered (../rig/recordings.json)."""

import dataclasses
import functools
import itertools
import json
import os
import pathlib
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

ORIGIN = os.environ["PORTICO_URL"]  # these tests are started by test/clients/run
BASE_URL = f"{ORIGIN}/v1"
ADMIN_KEY = os.environ["ADMIN_KEY"]
WORKSPACE_KEY = os.environ["WORKSPACE_KEY"]

_CLIENTS = pathlib.Path(__file__).parent.parent
_CORPUS = os.environ.get("PORTICO_CORPUS")
_CASES = json.loads((_CLIENTS / "rig/recordings.json").read_text())
_PRICES = json.loads((_CLIENTS / "rig/prices.json").read_text())

# No proxy, whatever the machine's settings: everything is on loopback.
_http = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _call(url, body=None, headers=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json", **(headers or {})})
    with _http.open(request, timeout=30) as reply:
        text = reply.read()
    return json.loads(text) if text else None


def post(path, body):
    """A bare request without a key, as the console's pages make before a sign-in."""
    return _call(BASE_URL + path, body)


@functools.cache
def virtual_key(provider):
    """The slug of this run's virtual key for a provider."""
    body = {"name": f"python {provider}", "provider": provider, "key": f"sk-python-{provider}"}
    return _call(f"{BASE_URL}/virtual-keys", body, {"x-portkey-api-key": ADMIN_KEY})["slug"]


def headers(provider, trace=None):
    """The headers that send a call to a provider, as an SDK's default headers."""
    return {"x-portkey-virtual-key": virtual_key(provider), **({"x-portkey-trace-id": trace} if trace else {})}


_traces = itertools.count(1)


def new_trace(what):
    """A trace id that no other request of this run has."""
    return f"{what}-python-{os.getpid()}-{next(_traces)}"


def log_of(trace):
    """The one row of a trace. Rows are there a moment after the reply."""
    query = urllib.parse.urlencode({"trace_id": trace})
    deadline = time.monotonic() + 10
    while True:
        rows = _call(f"{BASE_URL}/logs?{query}", headers={"x-portkey-api-key": WORKSPACE_KEY})["data"]
        if rows or time.monotonic() > deadline:
            assert len(rows) == 1, f"{len(rows)} rows of trace {trace}"
            return rows[0]
        time.sleep(0.05)


def nano_dollars(provider, model, input_tokens, output_tokens):
    """What a call without cached tokens costs, by list prices written down once more."""
    into, out = _PRICES[f"{provider} {model}"]
    return round(input_tokens * into * 1000) + round(output_tokens * out * 1000)


@dataclasses.dataclass
class Recording:
    """What a provider answered: its body, or for a stream its text and the events' data."""

    provider: str
    case: str
    status: int
    body: object
    text: str | None
    events: list | None

    def replay(self, provider=None):
        """Answers all requests of its provider with it from now on."""
        script(provider or self.provider, {"case": self.case, "times": -1})
        return self


def recording(provider, *uses):
    """The recording of the first of the uses; skips the test if one of them has none."""
    missing = [use for use in uses if not _case_of(provider, use)]
    if missing:
        pytest.skip(f"needs recorded traffic ({provider}: {', '.join(missing)}); set PORTICO_CORPUS")
    case, file = _case_of(provider, uses[0])
    exchange = json.loads(file.read_text())
    chunks = exchange.get("response_chunks")
    text = None if chunks is None else "".join(chunks)
    return Recording(provider, case, exchange["status"], exchange.get("response_body"), text, None if text is None else _events(text))


def _case_of(provider, use):
    real, own = (*_CASES[provider][use], None)[:2]
    if _CORPUS and real:
        return real, pathlib.Path(_CORPUS) / "http" / provider / f"{real}.json"
    return own and (own, _CLIENTS.parent / "upstream/testdata" / f"{provider}__{own}.json")


def _events(text):
    """The data of a stream's events, parsed; OpenAI's [DONE] is left out."""
    blocks = text.replace("\r\n", "\n").split("\n\n")
    data = ("\n".join(line[5:].lstrip() for line in block.split("\n") if line.startswith("data:")) for block in blocks)
    return [json.loads(d) for d in data if d not in ("", "[DONE]")]


def _control(path, body=None):
    return _call(os.environ["UPSTREAM_URL"] + path, body)


def reset():
    """Forgets what the upstream was told and has received."""
    _control("/__reset", {})


def script(provider, *steps):
    """Scripts the replies to a provider's next requests, one step each."""
    _control("/__script", {"provider": provider, "steps": steps})


def requests(provider):
    """What a provider has received since the last reset."""
    return _control(f"/__requests?provider={provider}")["requests"] or []


def sent(provider, i=0):
    """The parsed body of a provider's i-th request."""
    return json.loads(requests(provider)[i]["body"])


class OpenAI:
    """Reads chats in OpenAI's format."""

    @staticmethod
    def text(recorded):
        if recorded.events is None:
            return recorded.body["choices"][0]["message"]["content"]
        return "".join(c["delta"].get("content") or "" for e in recorded.events for c in e["choices"])

    @staticmethod
    def calls(recorded):
        """The (id, name, input) of each tool call."""
        if recorded.events is None:
            calls = recorded.body["choices"][0]["message"]["tool_calls"]
            return [(c["id"], c["function"]["name"], json.loads(c["function"]["arguments"])) for c in calls]
        joined = {}
        for delta in (d for e in recorded.events for c in e["choices"] for d in c["delta"].get("tool_calls") or []):
            call = joined.setdefault(delta["index"], ["", "", ""])
            function = delta.get("function", {})
            for i, part in enumerate((delta.get("id"), function.get("name"), function.get("arguments"))):
                call[i] += part or ""
        return [(i, name, json.loads(arguments)) for i, name, arguments in joined.values()]

    @staticmethod
    def usage(recorded):
        usage = recorded.body["usage"] if recorded.events is None else recorded.events[-1]["usage"]
        return usage["prompt_tokens"], usage["completion_tokens"]


class Anthropic:
    """Reads messages in Anthropic's format."""

    @staticmethod
    def text(recorded):
        if recorded.events is None:
            return "".join(b["text"] for b in recorded.body["content"] if b["type"] == "text")
        return "".join(e.get("delta", {}).get("text", "") for e in recorded.events)

    @staticmethod
    def calls(recorded):
        """The (id, name, input) of each tool call."""
        if recorded.events is None:
            return [(b["id"], b["name"], b["input"]) for b in recorded.body["content"] if b["type"] == "tool_use"]
        starts = [e for e in recorded.events if e.get("content_block", {}).get("type") == "tool_use"]
        parts = lambda i: "".join(e["delta"].get("partial_json", "") for e in recorded.events if e.get("index") == i and "delta" in e)
        return [(s["content_block"]["id"], s["content_block"]["name"], json.loads(parts(s["index"]) or "{}")) for s in starts]

    @staticmethod
    def usage(recorded):
        if recorded.events is None:
            return recorded.body["usage"]["input_tokens"], recorded.body["usage"]["output_tokens"]
        end = [e for e in recorded.events if e["type"] == "message_delta"][-1]
        return recorded.events[0]["message"]["usage"]["input_tokens"], end["usage"]["output_tokens"]


READ = {"openai": OpenAI, "anthropic": Anthropic}
MODEL = {"openai": "gpt-4o-mini", "anthropic": "claude-sonnet-4-6"}
