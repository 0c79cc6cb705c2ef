import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ThumbsDown, ThumbsUp } from "lucide-react";
import { useState, type FormEvent } from "react";
import { call } from "../../api/client.ts";
import { refresh } from "../../api/queries.ts";
import type { Feedback, LogDetail } from "../../api/types.ts";
import { fullTime } from "../../lib/time.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { TextField } from "../../ui/field.tsx";
import { ErrorNotice } from "../../ui/states.tsx";
import { useToast } from "../../ui/toast.tsx";

interface Given {
  value: number;
  weight: number;
  metadata: Record<string, string>;
}

// Feedback is about the trace, so every log of it changes.
function useGiveFeedback(log: LogDetail) {
  const client = useQueryClient();
  const toast = useToast();
  return useMutation({
    mutationFn: (given: Given) => call("POST", "/feedback", { body: { trace_id: log.metrics.trace_id, ...given } }),
    onSuccess: () => {
      toast("Feedback recorded");
      void client.invalidateQueries({ queryKey: ["trace", log.metrics.trace_id] });
      void refresh(client, "feedback");
      return client.invalidateQueries({ queryKey: ["log", log._id] });
    },
  });
}

// As guardrails weigh a verdict, unless told otherwise.
const good = 5;

/** Quick feedback on the trace of a log. */
export function Thumbs({ log }: { log: LogDetail }) {
  const give = useGiveFeedback(log);
  const press = (value: number) => give.mutate({ value, weight: 1, metadata: {} });
  return (
    <span className="thumbs" role="group" aria-label="Feedback">
      <IconButton icon={ThumbsUp} label={`Good (+${good})`} small disabled={give.isPending} onClick={() => press(good)} />
      <IconButton icon={ThumbsDown} label={`Bad (−${good})`} small disabled={give.isPending} onClick={() => press(-good)} />
      {give.isError && (
        <span className="field-error" role="alert">
          {give.error.message}
        </span>
      )}
    </span>
  );
}

/** What was given to the trace of a log, and a form for more. */
export function FeedbackTab({ log }: { log: LogDetail }) {
  if (!log.metrics.trace_id) return <p className="tab-body muted">Feedback is about a trace, and this log has none.</p>;
  return (
    <div className="tab-body stack">
      {log.feedback.length === 0 ? <p className="muted">Nobody has given feedback to this trace yet.</p> : <FeedbackList list={log.feedback} />}
      <Form log={log} />
    </div>
  );
}

export function FeedbackList({ list }: { list: Feedback[] }) {
  return (
    <ul className="feedback-list">
      {list.map((f) => (
        <li key={f.id}>
          <Score value={f.value} />
          <span>
            {f.weight !== 1 && <span className="muted num">weight {f.weight} </span>}
            <Notes metadata={f.metadata} />
          </span>
          <time className="muted num" dateTime={f.created_at}>
            {fullTime(f.created_at)}
          </time>
        </li>
      ))}
    </ul>
  );
}

/** A value of feedback with its sign. */
export function Score({ value }: { value: number }) {
  const tone = value > 0 ? "good" : value < 0 ? "bad" : "";
  return <span className={`badge num ${tone}`}>{value > 0 ? `+${value}` : String(value).replace("-", "−")}</span>;
}

/** What was said beside the value. */
export function Notes({ metadata }: { metadata: Feedback["metadata"] }) {
  return (
    <span className="notes">
      {Object.entries(metadata).map(([key, value]) => (
        <span key={key}>
          <span className="muted">{key}</span> {typeof value === "string" ? value : JSON.stringify(value)}
        </span>
      ))}
    </span>
  );
}

function Form({ log }: { log: LogDetail }) {
  const give = useGiveFeedback(log);
  const [value, setValue] = useState(good);
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const target = e.currentTarget;
    const form = new FormData(target);
    const comment = String(form.get("comment")).trim();
    give.mutate({ value, weight: Number(form.get("weight")), metadata: comment ? { comment } : {} }, { onSuccess: () => target.reset() });
  };
  return (
    <form className="form feedback-form" onSubmit={submit}>
      <h2>Give feedback</h2>
      <label className="slider">
        <span>
          Value <Score value={value} />
        </span>
        <input type="range" min={-10} max={10} step={1} value={value} onChange={(e) => setValue(Number(e.target.value))} />
      </label>
      <div className="two-columns">
        <TextField label="Weight" name="weight" type="number" min={0} max={1} step={0.05} defaultValue={1} required />
        <TextField label="Comment" name="comment" optional maxLength={1000} />
      </div>
      {give.isError && <ErrorNotice error={give.error} />}
      <div>
        <Button type="submit" busy={give.isPending}>
          Record feedback
        </Button>
      </div>
    </form>
  );
}
