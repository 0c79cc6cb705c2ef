import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { KeyRound, Send, Square } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { call } from "../../api/client.ts";
import type { Body, LogDetail, NewApiKey } from "../../api/types.ts";
import { replyMessages } from "../../conversation/conversation.ts";
import { JsonEditor } from "../../editor/json-editor.tsx";
import { duration } from "../../lib/format.ts";
import { parse, reindent } from "../../lib/json.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { TextField } from "../../ui/field.tsx";
import { JsonView } from "../../ui/json-view.tsx";
import { ErrorNotice } from "../../ui/states.tsx";
import { readReply } from "./bodies.ts";
import { MessageView } from "./conversation-tab.tsx";
import { setReplayKey, useReplayKey } from "./replay-key.ts";
import { bodyText, headersAgain } from "./resend.ts";
import { send, type Progress } from "./send.ts";

const noHelp = { schema: null, values: {} };
const none: never[] = [];

/** Sends a logged request again, edited if one likes, and shows the answer while it comes. */
export default function Replay({ log, onClose }: { log: LogDetail; onClose: () => void }) {
  const [body, setBody] = useState(() => reindent(bodyText(log.request.body)));
  const headers = useMemo(() => headersAgain(log), [log]);
  const key = useReplayKey();
  const { progress, error, busy, start, stop } = useSending();
  const broken = parse(body) === undefined;
  const go = () => start({ path: log.metrics.path, headers, key, body });
  return (
    <Dialog open sticky wide onClose={onClose} title="Replay the request" description={`${log.metrics.method} ${log.metrics.path}. It is a new request: it is sent to the provider, paid for and logged.`}>
      <div className="dialog-body replay">
        <KeyField value={key} />
        {headers.length > 0 && (
          <p className="replay-headers">
            {headers.map(([name, value]) => (
              <code key={name} className="truncate" title={`${name}: ${value}`}>
                {name}: {value}
              </code>
            ))}
          </p>
        )}
        <div className="replay-body">
          <JsonEditor label="Request body, as JSON" value={body} onChange={setBody} knowledge={noHelp} problems={none} />
        </div>
        {broken && <p className="field-error">The body is not JSON yet.</p>}
        {error !== null && <ErrorNotice error={error} />}
        {progress && <Answer progress={progress} />}
      </div>
      <footer>
        {progress?.id && (
          <Link className="button secondary" to="/logs/$id" params={{ id: progress.id }} preload={false} onClick={onClose}>
            Open the new log
          </Link>
        )}
        <span className="spacer" />
        {busy ? (
          <Button icon={Square} onClick={stop}>
            Stop
          </Button>
        ) : (
          <Button variant="primary" icon={Send} disabled={broken || key === ""} onClick={go}>
            Send
          </Button>
        )}
      </footer>
    </Dialog>
  );
}

function useSending() {
  const [progress, setProgress] = useState<Progress>();
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const abort = useRef<AbortController>(null);
  useEffect(() => () => abort.current?.abort(), []);
  const start = (sent: Parameters<typeof send>[0]) => {
    const control = new AbortController();
    abort.current = control;
    setProgress(undefined);
    setError(null);
    setBusy(true);
    send(sent, control.signal, setProgress)
      .catch((cause: unknown) => {
        if (control.signal.aborted) setProgress((p) => p && { ...p, done: true });
        else setError(cause);
      })
      .finally(() => setBusy(false));
  };
  return { progress, error, busy, start, stop: () => abort.current?.abort() };
}

const lifetime = 60 * 60_000;

// The session manages; calling models takes a key, whose value only its holder has.
function KeyField({ value }: { value: string }) {
  const make = useMutation({
    mutationFn: () => {
      const body: Body<"createWorkspaceServiceKey"> = {
        name: `Replays from the console, ${new Date().toISOString().slice(0, 16)}`,
        scopes: ["completions.write"],
        expires_at: new Date(Date.now() + lifetime).toISOString(),
      };
      return call<NewApiKey>("POST", "/api-keys/workspace/service", { body });
    },
    onSuccess: (made) => setReplayKey(made.key),
  });
  return (
    <div className="replay-key">
      <TextField
        label="Workspace API key"
        type="password"
        autoComplete="off"
        value={value}
        onChange={(e) => setReplayKey(e.target.value)}
        hint="It needs the scope completions.write. It is kept in this page's memory only and forgotten when the page closes."
      />
      <Button icon={KeyRound} busy={make.isPending} onClick={() => make.mutate()}>
        Make one for an hour
      </Button>
      {make.isError && <ErrorNotice error={make.error} />}
    </div>
  );
}

function Answer({ progress }: { progress: Progress }) {
  const reply = useMemo(() => readReply(progress.text), [progress.text]);
  const messages = useMemo(() => replyMessages(reply.body), [reply]);
  const ok = progress.status >= 200 && progress.status < 300;
  return (
    <section className="stack" aria-label="Answer" aria-busy={!progress.done}>
      <p className="summary-line">
        <span className={ok ? "badge good num" : "badge bad num"}>{progress.status}</span>
        <span className="muted num">first byte {duration(progress.first)}</span>
        <span className="muted num">{progress.done ? `done in ${duration(progress.total)}` : "coming…"}</span>
      </p>
      {messages.map((m, i) => (
        <MessageView key={i} message={m} />
      ))}
      {messages.length === 0 && progress.text && <JsonView text={reindent(progress.text)} label="Answer" />}
    </section>
  );
}
