import { useQueries } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { logQuery } from "../../api/queries.ts";
import type { LogDetail, Trace } from "../../api/types.ts";
import { duration, plural } from "../../lib/format.ts";
import { pretty } from "../../lib/json.ts";
import { fullTime } from "../../lib/time.ts";
import { Button } from "../../ui/button.tsx";
import { JsonView } from "../../ui/json-view.tsx";
import { ErrorNotice, SkeletonBlock } from "../../ui/states.tsx";
import { readReply } from "../log/bodies.ts";
import { MessageView } from "../log/conversation-tab.tsx";
import { LogStatus } from "../logs/status.tsx";
import { dialogue, type Turn } from "./dialogue.ts";
import { requestsOf } from "./tree.ts";

// Each takes a call of its own, and bodies may be large.
const portion = 20;

/** The messages of a trace's requests in their order, each once. */
export function ConversationView({ trace, onOpen }: { trace: Trace; onOpen: (logId: string) => void }) {
  const requests = useMemo(() => requestsOf(trace.spans), [trace.spans]);
  const [shown, setShown] = useState(portion);
  const answers = useQueries({ queries: requests.slice(0, shown).map((s) => logQuery(s.log_id)) });
  const failed = answers.find((a) => a.isError);
  const logs = answers.map((a) => a.data).filter((l): l is LogDetail => l !== undefined);
  const complete = logs.length === answers.length;
  const turns = useMemo(() => (complete ? dialogue(logs) : []), [complete, ...logs]);
  if (failed) return <ErrorNotice error={failed.error} onRetry={() => void failed.refetch()} />;
  if (!complete) return <SkeletonBlock lines={8} />;
  return (
    <div className="conversation trace-conversation">
      {turns.map((turn, i) => (
        <TurnView key={turn.log._id} turn={turn} number={i + 1} onOpen={() => onOpen(turn.log._id)} />
      ))}
      {shown < requests.length && (
        <div className="more">
          <Button onClick={() => setShown(shown + portion)}>Show {plural(Math.min(portion, requests.length - shown), "more request")}</Button>
        </div>
      )}
    </div>
  );
}

function TurnView({ turn: { log, known, asked, answered }, number, onOpen }: { turn: Turn; number: number; onOpen: () => void }) {
  const row = log.metrics;
  const reply = readReply(log.response.body).body;
  return (
    <section className="conversation" aria-label={`Request ${number}`}>
      <h2 className="divider">
        <span>
          Request {number}
          {row.span_name && ` · ${row.span_name}`} · {row.ai_model || row.request_model || row.path}
        </span>
        <LogStatus row={row} />
        <span className="num" title={fullTime(row.created_at)}>
          {duration(row.response_time)}
        </span>
        <Button small variant="ghost" onClick={onOpen}>
          Open log
        </Button>
      </h2>
      {known > 0 && <p className="hint">{plural(known, "earlier message")} sent again; not repeated here.</p>}
      {asked.map((m, i) => (
        <MessageView key={i} message={m} />
      ))}
      {answered.map((m, i) => (
        <MessageView key={`reply-${i}`} message={m} />
      ))}
      {asked.length + answered.length === 0 && <NoMessages reply={pretty(reply ?? undefined)} />}
      {row.error && <p className="field-error">{row.error.message}</p>}
    </section>
  );
}

function NoMessages({ reply }: { reply: string }) {
  return reply ? <JsonView text={reply} label="Reply" /> : <p className="muted">No bodies were kept.</p>;
}
