import type { Attempt, LogDetail } from "../../api/types.ts";
import { duration } from "../../lib/format.ts";
import { succeeded } from "./route-tree.ts";

/** Every call of a provider on one time line. */
export function AttemptsTab({ log }: { log: LogDetail }) {
  const { attempts } = log;
  if (attempts.length === 0) return <p className="tab-body muted">{whyNone(log)}</p>;
  const total = Math.max(log.metrics.response_time, ...attempts.map((a) => a.start_ms + a.total_ms), 1);
  return (
    <div className="tab-body">
      <div className="legend-line" aria-hidden>
        <span className="key wait">waiting before a retry</span>
        <span className="key head">to the response head</span>
        <span className="key body">reading the reply</span>
      </div>
      <table className="table waterfall">
        <caption className="sr-only">Attempts in order</caption>
        <thead>
          <tr>
            <th scope="col">Attempt</th>
            <th scope="col">Result</th>
            <th scope="col" className="end">Wait</th>
            <th scope="col" className="end">Head</th>
            <th scope="col" className="end">Total</th>
          </tr>
        </thead>
        {attempts.map((a, i) => (
          <Rows key={i} attempt={a} index={i} total={total} />
        ))}
      </table>
      <p className="scale num muted" aria-hidden>
        <span>0</span>
        <span>{duration(total / 2)}</span>
        <span>{duration(total)}</span>
      </p>
    </div>
  );
}

/** Why no provider was called at all. */
export function whyNone(log: LogDetail): string {
  if (/HIT$/.test(log.metrics.cache_status)) return "No provider was called: the answer came from the cache.";
  if (log.metrics.status === "refused") return "No provider was called: the request was refused before.";
  return "No provider was called.";
}

function Rows({ attempt: a, index, total }: { attempt: Attempt; index: number; total: number }) {
  return (
    <tbody>
      <tr>
        <th scope="row">
          <span className="strong">
            {index + 1}. {a.model || a.provider}
          </span>{" "}
          <span className="muted">{[a.provider, a.virtual_key, a.retry > 0 && `retry ${a.retry}`].filter(Boolean).join(" · ")}</span>
        </th>
        <td>
          <span className={succeeded(a) ? "badge good num" : "badge bad num"}>{a.status || "no answer"}</span>
        </td>
        <td className="end num">{a.wait_ms > 0 ? duration(a.wait_ms) : "–"}</td>
        <td className="end num">{duration(a.head_ms)}</td>
        <td className="end num">{duration(a.total_ms)}</td>
      </tr>
      <tr className="bar-row">
        <td colSpan={5}>
          <Bar attempt={a} total={total} />
          {a.error && <p className="attempt-error">{a.error.message}</p>}
        </td>
      </tr>
    </tbody>
  );
}

function Bar({ attempt: a, total }: { attempt: Attempt; total: number }) {
  const percent = (ms: number) => `${(100 * ms) / total}%`;
  // What is too short to be seen still has its 2 pixels, inside of the bar.
  const from = (ms: number) => `min(${percent(ms)}, 100% - 2px)`;
  const waited = Math.min(a.wait_ms, a.start_ms);
  return (
    <div className="bar" aria-hidden>
      {waited > 0 && <span className="wait" style={{ left: from(a.start_ms - waited), width: percent(waited) }} />}
      <span className="head" style={{ left: from(a.start_ms), width: percent(a.head_ms) }} />
      <span className={succeeded(a) ? "body" : "body failed"} style={{ left: from(a.start_ms + a.head_ms), width: percent(Math.max(a.total_ms - a.head_ms, 0)) }} />
    </div>
  );
}
