import { useQuery } from "@tanstack/react-query";
import { Link2, RotateCcw, TerminalSquare } from "lucide-react";
import { lazy, Suspense, useState, type ReactNode } from "react";
import { logQuery } from "../../api/queries.ts";
import type { LogDetail } from "../../api/types.ts";
import { count, duration } from "../../lib/format.ts";
import { fullTime } from "../../lib/time.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { Copyable, copyText } from "../../ui/copy.tsx";
import { ErrorNotice, SkeletonBlock, Warning } from "../../ui/states.tsx";
import { Tabs, type TabSpec } from "../../ui/tabs.tsx";
import { useToast } from "../../ui/toast.tsx";
import { Marks } from "../logs/marks.tsx";
import { LogStatus } from "../logs/status.tsx";
import { Cost, Estimated } from "../logs/table.tsx";
import { AttemptsTab } from "./attempts.tsx";
import { ConversationTab } from "./conversation-tab.tsx";
import { asCurl } from "./curl.ts";
import { DetailsTab } from "./details.tsx";
import { FeedbackTab, Thumbs } from "./feedback.tsx";
import { RawTab } from "./raw.tsx";
import { whyNotAgain } from "./resend.ts";
import { RouteTab } from "./route-tab.tsx";

// It brings the editor.
const Replay = lazy(() => import("./replay.tsx"));

interface ViewProps {
  id: string;
  tab: string | undefined;
  onTab: (tab: string) => void;
  heading: "h1" | "h2";
  actions?: ReactNode;
}

/** Everything that is known about one request. */
export function LogView(props: ViewProps) {
  const log = useQuery(logQuery(props.id));
  if (log.isPending) return <Frame {...props} title="Loading…" body={<SkeletonBlock lines={12} />} />;
  if (log.isError) {
    const body = <ErrorNotice error={log.error} onRetry={() => void log.refetch()} />;
    return <Frame {...props} title="Log" body={<div className="tab-body">{body}</div>} />;
  }
  return <Loaded {...props} log={log.data} />;
}

function Frame({ heading: H, title, actions, body }: ViewProps & { title: ReactNode; body: ReactNode }) {
  return (
    <>
      <header className="log-head">
        <H>{title}</H>
        <div className="actions">{actions}</div>
      </header>
      {body}
    </>
  );
}

function Loaded({ log, tab, onTab, actions, ...props }: ViewProps & { log: LogDetail }) {
  const toast = useToast();
  const row = log.metrics;
  const copy = (text: string, what: string) => void copyText(text).then((ok) => toast(ok ? `${what} copied` : "The browser did not allow copying"));
  const [replaying, setReplaying] = useState(false);
  const refused = whyNotAgain(log);
  const tools = (
    <>
      <Button small icon={RotateCcw} disabled={refused !== ""} title={refused || "Send it again, edited if you like"} onClick={() => setReplaying(true)}>
        Replay
      </Button>
      <IconButton icon={TerminalSquare} label="Copy as curl" small onClick={() => copy(asCurl(log, location.origin), "curl command")} />
      <IconButton icon={Link2} label="Copy link" small onClick={() => copy(`${location.origin}/console/logs/${row.id}`, "Link")} />
      {actions}
    </>
  );
  const title = (
    <>
      <LogStatus row={row} full /> <code>{`${row.method} ${row.path}`}</code>
    </>
  );
  const tabs = tabsOf(log);
  const current = tabs.some((t) => t.id === tab) ? tab! : "conversation";
  return (
    <Frame
      {...props}
      tab={tab}
      onTab={onTab}
      title={title}
      actions={tools}
      body={
        <>
          <Summary log={log} />
          <Tabs label="Parts of the log" tabs={tabs} value={current} onChange={onTab} />
          {replaying && (
            <Suspense>
              <Replay log={log} onClose={() => setReplaying(false)} />
            </Suspense>
          )}
        </>
      }
    />
  );
}

function tabsOf(log: LogDetail): TabSpec[] {
  const note = log.attempts.length > 1 && <span className="badge num">{log.attempts.length}</span>;
  const given = log.feedback.length > 0 && <span className="badge num">{log.feedback.length}</span>;
  return [
    { id: "conversation", label: "Conversation", content: () => <ConversationTab log={log} /> },
    { id: "raw", label: "Raw", content: () => <RawTab log={log} /> },
    { id: "attempts", label: "Attempts", note, content: () => <AttemptsTab log={log} /> },
    { id: "route", label: "Route", content: () => <RouteTab log={log} /> },
    { id: "feedback", label: "Feedback", note: given, content: () => <FeedbackTab log={log} /> },
    { id: "details", label: "Details", content: () => <DetailsTab log={log} /> },
  ];
}

function Summary({ log }: { log: LogDetail }) {
  const row = log.metrics;
  return (
    <div className="summary">
      <div className="summary-line">
        <Copyable text={row.id} label="Copy log id" />
        <span className="muted num">{fullTime(row.created_at)}</span>
        <Marks row={row} words />
        {row.trace_id && <Thumbs log={log} />}
      </div>
      <dl className="figures">
        <Figure name="Model" value={<span className="plain">{row.ai_model || row.request_model || "–"}</span>} note={row.ai_org} />
        <Figure name="Latency" value={duration(row.response_time)} />
        {row.time_to_first_token !== null && <Figure name="First token" value={duration(row.time_to_first_token)} />}
        <Figure
          name="Tokens in / out"
          value={
            <>
              {count(row.req_units)} / {count(row.res_units)}
              <Estimated when={row.usage_estimated} />
            </>
          }
        />
        <Figure name="Cost" value={<Cost row={row} />} />
      </dl>
      {row.error && (
        <div className="notice bad">
          <div>
            <p>{row.error.message}</p>
            <p className="muted mono">{[row.error.type, row.error.code].filter(Boolean).join(" · ")}</p>
          </div>
        </div>
      )}
      {log.bodies_lost && <Warning>The bodies of this request were not kept: the server was under pressure. All figures are right.</Warning>}
    </div>
  );
}

function Figure({ name, value, note }: { name: string; value: ReactNode; note?: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="num">
        <span className="truncate">{value}</span>
        {note && <span className="muted truncate"> {note}</span>}
      </dd>
    </div>
  );
}
