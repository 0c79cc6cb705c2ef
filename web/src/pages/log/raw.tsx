import type { ReactNode } from "react";
import { useMemo, useState } from "react";
import type { Json, LogDetail } from "../../api/types.ts";
import { bytes } from "../../lib/format.ts";
import { pretty } from "../../lib/json.ts";
import { Button } from "../../ui/button.tsx";
import { CopyButton } from "../../ui/copy.tsx";
import { JsonView } from "../../ui/json-view.tsx";
import { readReply } from "./bodies.ts";

/** Every body that was kept, as it was on the wire. */
export function RawTab({ log }: { log: LogDetail }) {
  const failed = log.attempts.filter((a) => a.body !== undefined && a.body !== null);
  return (
    <div className="tab-body stack">
      <Body title="Request" note="as the client sent it" body={log.request.body} />
      <Headers title="Request headers" headers={{ ...log.request.headers, ...log.request.portkeyHeaders }} />
      {log.transformedRequest && <Body title="Request to the provider" note={log.request.url} body={log.transformedRequest.body} />}
      <ReplyBody log={log} />
      <Headers title="Response headers" headers={log.response.headers} />
      {log.originalResponse && <Body title="Response of the provider" note="before it was translated" body={log.originalResponse.body} />}
      {failed.map((a) => (
        <Body key={a.start_ms} title={`Response of attempt ${log.attempts.indexOf(a) + 1}`} note={`${a.provider}, ${a.status}`} body={a.body ?? null} />
      ))}
    </div>
  );
}

function ReplyBody({ log }: { log: LogDetail }) {
  const [whole, setWhole] = useState(false);
  const reply = useMemo(() => readReply(log.response.body), [log]);
  const toggle = reply.stream && (
    <Button small aria-pressed={whole} onClick={() => setWhole(!whole)}>
      Put together
    </Button>
  );
  const body = whole ? reply.body : log.response.body;
  return <Body title="Response" note={reply.stream && !whole ? "as it was streamed" : "as the client received it"} body={body} action={toggle} />;
}

function Body({ title, note, body, action }: { title: string; note: string; body: Json; action?: ReactNode }) {
  const text = useMemo(() => pretty(body ?? undefined), [body]);
  return (
    <section className="raw">
      <header>
        <h2>{title}</h2>
        <span className="muted truncate">{note}</span>
        <span className="muted num raw-size">{text && bytes(new Blob([text]).size)}</span>
        {action}
        {text && <CopyButton text={text} label={`Copy ${title.toLowerCase()}`} />}
      </header>
      {text ? <JsonView text={text} label={title} /> : <p className="muted">Not kept.</p>}
    </section>
  );
}

function Headers({ title, headers }: { title: string; headers: Record<string, string> | null }) {
  const entries = Object.entries(headers ?? {});
  if (entries.length === 0) return null;
  return (
    <details className="fold">
      <summary>
        {title} <span className="badge num">{entries.length}</span>
      </summary>
      <dl className="pairs">
        {entries.map(([name, value]) => (
          <div key={name}>
            <dt className="mono">{name}</dt>
            <dd className="mono">{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
