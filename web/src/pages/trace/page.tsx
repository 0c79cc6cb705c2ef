import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ChevronLeft, ScrollText } from "lucide-react";
import { traceQuery } from "../../api/queries.ts";
import type { Trace } from "../../api/types.ts";
import { compact, cost, count, duration } from "../../lib/format.ts";
import { fullTime } from "../../lib/time.ts";
import { Page } from "../../shell/page.tsx";
import { Copyable } from "../../ui/copy.tsx";
import { ErrorNotice, SkeletonBlock, Warning } from "../../ui/states.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { LogDrawer } from "../log/drawer.tsx";
import { FeedbackList } from "../log/feedback.tsx";
import { ConversationView } from "./conversation.tsx";
import { Waterfall } from "./waterfall.tsx";

const route = getRouteApi("/shell/traces/$id");

/** One trace: its requests as a waterfall and as a conversation. */
export function TracePage() {
  const { id } = route.useParams();
  const { tab, log, part } = route.useSearch();
  const navigate = route.useNavigate();
  const trace = useQuery(traceQuery(id));
  const change = (patch: Partial<Record<"tab" | "log" | "part", string | undefined>>) =>
    void navigate({ search: (old) => ({ ...old, ...patch }) as typeof old, replace: true, resetScroll: false });
  return (
    <div className={log ? "logs with-drawer" : "logs"}>
      <div className="trace-page">
        <Page
          title="Trace"
          subtitle={
            <>
              <Link className="back" to="/traces">
                <ChevronLeft size={14} aria-hidden />
                Traces
              </Link>
              <Copyable text={id} label="Copy trace id" />
            </>
          }
          actions={
            <Link className="button secondary" to="/logs" search={{ trace: id, range: "all" }} preload={false}>
              <ScrollText size={15} aria-hidden />
              Its logs
            </Link>
          }
        >
          {trace.isPending && <SkeletonBlock lines={10} />}
          {trace.isError && <ErrorNotice error={trace.error} onRetry={() => void trace.refetch()} />}
          {trace.data && (
            <>
              <Figures trace={trace.data} />
              {trace.data.truncated && <Warning>The trace has more requests than are shown here: these are the newest {count(trace.data.requests)}.</Warning>}
              <Tabs
                label="Views of the trace"
                value={tab === "conversation" ? tab : "waterfall"}
                onChange={(next) => change({ tab: next === "waterfall" ? undefined : next })}
                tabs={[
                  { id: "waterfall", label: "Waterfall", content: () => <Waterfall trace={trace.data} openLog={log} onOpen={(next) => change({ log: next, part: undefined })} /> },
                  { id: "conversation", label: "Conversation", content: () => <ConversationView trace={trace.data} onOpen={(next) => change({ log: next, part: undefined })} /> },
                ]}
              />
            </>
          )}
        </Page>
      </div>
      {log && <LogDrawer id={log} tab={part} onTab={(next) => change({ part: next })} onClose={() => change({ log: undefined, part: undefined })} />}
    </div>
  );
}

function Figures({ trace }: { trace: Trace }) {
  const figures: [name: string, value: string][] = [
    ["Started", fullTime(trace.start)],
    ["Duration", duration(trace.duration_ms)],
    ["Requests", count(trace.requests)],
    ["Tokens", compact(trace.total_units)],
    ["Cost", cost(trace.cost_nano)],
  ];
  return (
    <div className="stack trace-figures">
      <dl className="figures">
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="num">{value}</dd>
          </div>
        ))}
      </dl>
      {trace.feedback.length > 0 && (
        <details className="fold">
          <summary>
            Feedback <span className="badge num">{trace.feedback.length}</span>
          </summary>
          <FeedbackList list={trace.feedback} />
        </details>
      )}
    </div>
  );
}
