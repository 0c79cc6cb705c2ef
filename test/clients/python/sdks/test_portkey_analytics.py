"""Analytics through every method of Portkey's SDK."""

import datetime
import json

import pytest
from portkey_ai import Portkey

import rig

RUN = rig.new_trace("analytics")
# user, status, milliseconds, input and output tokens
SERVED = [("ann", 200, 100, 10, 5), ("bob", 200, 300, 20, 5), ("bob", 500, 50, 0, 0)]


def _log(trace, user, status, ms, into, out):
    ok = {"model": "gpt-4o-mini", "usage": {"prompt_tokens": into, "completion_tokens": out}}
    return {
        "request": {"url": "https://api.openai.com/v1/chat/completions", "method": "POST", "provider": "openai", "body": {"model": "gpt-4o-mini", "messages": []}},
        "response": {"status": status, "response_time": ms, "body": ok if status == 200 else {"error": {"message": "no"}}},
        "metadata": {"traceId": trace, "_user": user, "run": RUN},
    }


@pytest.fixture(scope="module")
def rows():
    traces = [rig.new_trace("analytics") for _ in SERVED]
    portkey = Portkey(api_key=rig.WORKSPACE_KEY, base_url=rig.BASE_URL)
    for trace, served in zip(traces, SERVED, strict=True):
        portkey.logs.create(**_log(trace, *served))
    made = [rig.log_of(t) for t in traces]
    portkey.feedback.create(trace_id=traces[0], value=5, weight=1)
    portkey.feedback.create(trace_id=traces[1], value=-5, weight=0.5)
    return made


@pytest.fixture(scope="module")
def analytics(rows):
    return Portkey(api_key=rig.ADMIN_KEY, base_url=rig.BASE_URL).analytics


def _range():
    now, hour = datetime.datetime.now(datetime.UTC), datetime.timedelta(hours=1)
    return {"time_of_generation_min": (now - hour).isoformat(), "time_of_generation_max": (now + hour).isoformat(), "metadata": json.dumps({"run": RUN})}


def _about(value):
    return pytest.approx(value, rel=0.008)


GRAPHS = {
    "requests": {"total": 3},
    "latency": {"avg": 150, "p50": _about(100), "p99": _about(300)},
    "tokens": {"total": 40},
    "users": {"total": 2},
    "users_requests": {"total": 3, "unique": 2, "avg": 1.5},
    "errors": {"total": 1},
    "errors_rate": {"rate": _about(100 / 3)},
    "errors_stacks": {"total": 1},
    "errors_status_codes": {"total_errors": 1, "unique_error_codes": 1},
    "requests_rescued": {"retry": 0, "fallback": 0},
    "cache_hit_rate": {"total": 0, "rate": 0},
    "cache_latency": {},
    "feedbacks": {"total": 2},
    "feedbacks_scores": {"total": 2},
    "feedbacks_weighted": {"avg": 1.25},
    "feedbacks_ai_models": {},
}


@pytest.mark.parametrize("graph", GRAPHS)
def test_graphs(analytics, graph):
    got = getattr(analytics.graphs, graph)(**_range())
    assert got.object == "analytics-graph"
    assert got.data_points
    summary = got.summary if isinstance(got.summary, dict) else dict(got.summary or {})
    assert {k: float(summary[k]) for k in GRAPHS[graph]} == GRAPHS[graph]


def test_cost(analytics, rows):
    got = analytics.graphs.cost(**_range())
    assert float(dict(got.summary)["total"]) == pytest.approx(sum(r["cost_nano"] or 0 for r in rows) / 1e7)


def test_groups(analytics):
    def counts(group, name):
        return sorted((str(dict(r)[name]), int(dict(r)["requests"])) for r in group.data)

    groups = analytics.groups
    assert counts(groups.users(**_range()), "user") == [("ann", 1), ("bob", 2)]
    assert counts(groups.ai_models(**_range()), "ai_model") == [("gpt-4o-mini", 3)]
    assert counts(groups.metadata(metadata_key="run", **_range()), "metadata_value") == [(RUN, 3)]
    assert [n for _, n in counts(groups.workspaces(**_range()), "object")] == [3]
    assert counts(groups.group_by(group_by="status_code", **_range()), "status_code") == [("200", 2), ("500", 1)]


def test_summary(analytics):
    assert dict(analytics.summary.cache(**_range()).summary)["total_requests"] == 3
