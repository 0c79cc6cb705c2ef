import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { MessageSquareHeart, X } from "lucide-react";
import { call } from "../../api/client.ts";
import { fetchFeedback } from "../../api/queries.ts";
import type { Answer, Feedback } from "../../api/types.ts";
import { count, plural } from "../../lib/format.ts";
import { clock, fullTime } from "../../lib/time.ts";
import { Page } from "../../shell/page.tsx";
import { Button } from "../../ui/button.tsx";
import { Command } from "../../ui/copy.tsx";
import { Empty, ErrorNotice, SkeletonRows } from "../../ui/states.tsx";
import { Notes, Score } from "../log/feedback.tsx";
import { toggle, toQuery } from "../logs/filters.ts";
import { RangePicker } from "../logs/range-picker.tsx";
import { useNow } from "../logs/use-time.ts";
import { Distribution } from "./distribution.tsx";
import type { FeedbackSearch } from "./search.ts";

const route = getRouteApi("/shell/feedback");
const pageSize = 100;

// The graph endpoints want both ends of the time.
const forever = "2000-01-01T00:00:00Z";

export function FeedbackPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const now = useNow(false);
  const change = (patch: { [K in keyof FeedbackSearch]?: string | undefined }) =>
    void navigate({ search: (old) => ({ ...old, ...patch }) as FeedbackSearch, replace: true, resetScroll: false });
  const times = { range: search.range ?? "30d", ...(search.from && { from: search.from }), ...(search.to && { to: search.to }) };
  const pages = useInfiniteQuery({
    queryKey: ["feedback", times, search.value, search.trace],
    queryFn: ({ pageParam, signal }) =>
      fetchFeedback({ ...toQuery(times, new Date()), value: search.value, trace_id: search.trace, page_size: pageSize, after: pageParam }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
    placeholderData: (previous) => previous,
  });
  const graphs = useQuery({
    queryKey: ["feedback", "graphs", times, search.trace],
    queryFn: async ({ signal }) => {
      const range = toQuery({ ...times, ...(search.trace && { trace: search.trace }) }, new Date());
      const query = { ...range, time_of_generation_min: range["time_of_generation_min"] ?? forever, time_of_generation_max: range["time_of_generation_max"] ?? new Date(Date.now() + 60_000).toISOString() };
      const [scores, weighted] = await Promise.all([
        call<Answer<"graphFeedbacksScores">>("GET", "/analytics/graphs/feedbacks/scores", { query, signal }),
        call<Answer<"graphFeedbacksWeighted">>("GET", "/analytics/graphs/feedbacks/weighted", { query, signal }),
      ]);
      return { totals: new Map(scores.data_points.map((p) => [p.score, p.total])), total: scores.summary.total, mean: weighted.summary.avg };
    },
    placeholderData: (previous) => previous,
  });
  const rows = (pages.data?.pages ?? []).flatMap((p) => p.data);
  const restricted = search.value !== undefined || search.trace !== undefined;
  return (
    <Page
      title="Feedback"
      subtitle="What was thought of answers, by trace. It is given with the API, in a log's detail, and by guardrails."
      actions={<RangePicker filters={times} fallback="30d" onChange={change} />}
    >
      <div className="stack">
        {graphs.isError && <ErrorNotice error={graphs.error} onRetry={() => void graphs.refetch()} />}
        {graphs.data && graphs.data.total > 0 && (
          <section className="panel feedback-graph" aria-label="Distribution">
            <dl className="figures">
              <div>
                <dt>Given to requests of this time</dt>
                <dd className="num">{count(graphs.data.total)}</dd>
              </div>
              <div>
                <dt>Mean of value × weight</dt>
                <dd className="num">{graphs.data.mean.toFixed(2)}</dd>
              </div>
            </dl>
            <Distribution totals={graphs.data.totals} chosen={search.value} onToggle={(v) => change({ value: toggle(search.value, v) })} />
          </section>
        )}
        {restricted && (
          <p className="actions">
            {search.value && <span className="badge accent num">value {search.value.split(",").join(", ")}</span>}
            {search.trace && <span className="badge accent mono truncate">trace {search.trace}</span>}
            <Button small variant="ghost" icon={X} onClick={() => change({ value: undefined, trace: undefined })}>
              Clear
            </Button>
          </p>
        )}
        {pages.isError && <ErrorNotice error={pages.error} onRetry={() => void pages.refetch()} />}
        {pages.isSuccess && rows.length === 0 ? (
          <NoFeedback restricted={restricted} onAllTime={() => change({ range: "all", from: undefined, to: undefined, value: undefined, trace: undefined })} />
        ) : (
          <Rows rows={rows} loading={pages.isPending} now={now} total={pages.data?.pages[0]?.total ?? 0} />
        )}
        {pages.hasNextPage && (
          <div className="more">
            <Button busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
              Load more
            </Button>
          </div>
        )}
      </div>
    </Page>
  );
}

function Rows({ rows, loading, now, total }: { rows: Feedback[]; loading: boolean; now: Date; total: number }) {
  return (
    <div className="panel scroll">
      <table className="table feedback-table">
        <caption className="sr-only">{plural(total, "feedback")}, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Given</th>
            <th scope="col" className="end">Value</th>
            <th scope="col" className="end">Weight</th>
            <th scope="col">Metadata</th>
            <th scope="col">Trace</th>
          </tr>
        </thead>
        <tbody>
          {loading && <SkeletonRows rows={8} columns={5} />}
          {rows.map((f) => (
            <tr key={f.id}>
              <td className="num" title={fullTime(f.created_at)}>
                {clock(f.created_at, now)}
              </td>
              <td className="end">
                <Score value={f.value} />
              </td>
              <td className="end num">{f.weight}</td>
              <td>{Object.keys(f.metadata).length > 0 ? <Notes metadata={f.metadata} /> : <span className="muted">–</span>}</td>
              <td className="c-trace-id">
                <Link to="/traces/$id" params={{ id: f.trace_id }} preload={false} className="mono truncate">
                  {f.trace_id}
                </Link>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function NoFeedback({ restricted, onAllTime }: { restricted: boolean; onAllTime: () => void }) {
  return (
    <Empty icon={MessageSquareHeart} title={restricted ? "No feedback is like that" : "No feedback in this time range"}>
      <p className="muted">Press a thumb in a log&apos;s detail, or tell it from where the answer is used:</p>
      <Command
        text={`curl ${location.origin}/v1/feedback \\
  -H "x-portkey-api-key: $PORTICO_API_KEY" \\
  -H "content-type: application/json" \\
  -d '{"trace_id": "TRACE_ID", "value": 5, "weight": 1, "metadata": {"comment": "well said"}}'`}
      />
      <div className="actions">
        <Button onClick={onAllTime}>Search all time</Button>
      </div>
    </Empty>
  );
}
