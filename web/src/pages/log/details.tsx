import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { CostLine, LogDetail, LogRow } from "../../api/types.ts";
import { count, duration, exactCost } from "../../lib/format.ts";
import { fullTime } from "../../lib/time.ts";
import { Copyable } from "../../ui/copy.tsx";
import { Estimated } from "../logs/table.tsx";
import { lineName, priceNotes, quantity, unitPrice } from "./receipt.ts";

/** Metadata, ids, timings, and the receipts of a request. */
export function DetailsTab({ log }: { log: LogDetail }) {
  const row = log.metrics;
  return (
    <div className="tab-body stack">
      <Receipt log={log} />
      <Section title="Request">
        <Pair name="Log id" value={<Id text={row.id} />} />
        <Pair
          name="Trace id"
          value={
            row.trace_id && (
              <>
                <Id text={row.trace_id} />
                <Link to="/traces/$id" params={{ id: row.trace_id }}>
                  all of this trace
                </Link>
              </>
            )
          }
        />
        <Pair name="Span id" value={row.span_id && <Id text={row.span_id} />} />
        <Pair name="Time" value={<span className="num">{fullTime(row.created_at)}</span>} />
        <Pair name="Operation" value={<code>{row.op}</code>} />
        <Pair name="User" value={row.user} />
        <Pair name="API key" value={row.api_key_id && <Id text={row.api_key_id} />} />
      </Section>
      <Section title="Routing">
        <Pair name="Asked for" value={<code>{row.request_model}</code>} />
        <Pair name="Answered by" value={<code>{[row.ai_org, row.ai_model].filter(Boolean).join(" / ")}</code>} />
        <Pair name="Provider URL" value={log.request.url && <Id text={log.request.url} />} />
        <Pair name="Virtual key" value={row.virtual_key && <code>{row.virtual_key}</code>} />
        <Pair
          name="Config"
          value={
            row.config && (
              <Link to="/configs/$slug" params={{ slug: row.config }}>
                {row.config}
              </Link>
            )
          }
        />
        <Pair name="Config version" value={row.config_version_id && <Id text={row.config_version_id} />} />
        <Pair name="Target" value={row.last_used_option_index && <code>{row.last_used_option_index}</code>} />
        <Pair name="Cache" value={row.cache_status.toLowerCase()} />
        <Pair name="Retries" value={row.retry_success_count < 0 ? "exhausted" : String(row.retry_success_count)} />
      </Section>
      <Section title="Timings">
        <Pair name="Total" value={<span className="num">{duration(row.response_time)}</span>} />
        <Pair name="First token" value={row.time_to_first_token !== null && <span className="num">{duration(row.time_to_first_token)}</span>} />
      </Section>
      <Section title="Metadata">
        {Object.entries(row.metadata).map(([name, value]) => (
          <Pair key={name} name={name} value={<Id text={value} />} />
        ))}
      </Section>
      <Dropped log={log} />
    </div>
  );
}

function Receipt({ log }: { log: LogDetail }) {
  const row = log.metrics;
  const receipt = log.cost_receipt;
  return (
    <section>
      <h2>Cost</h2>
      <table className="receipt num">
        <caption className="sr-only">What the request consumed, and what that cost</caption>
        <tbody>
          {receipt && receipt.lines.length > 0 ? <Positions lines={receipt.lines} /> : <Tokens row={row} />}
          <tr className="sum">
            <th scope="row" colSpan={3}>
              Cost {row.usage_estimated && <span className="muted">(what was consumed is estimated)</span>}
            </th>
            <td>
              {exactCost(row.cost_nano)}
              <Estimated when={row.usage_estimated && !!row.cost_nano} />
            </td>
          </tr>
        </tbody>
      </table>
      {receipt ? (
        priceNotes(receipt).map((note) => (
          <p key={note} className="hint">
            {note}
          </p>
        ))
      ) : (
        row.cost_nano === null && <p className="hint">The catalogue has no price for this model, so the cost is not known.</p>
      )}
    </section>
  );
}

function Positions({ lines }: { lines: CostLine[] }) {
  return lines.map((line) => (
    <tr key={line.name}>
      <th scope="row">{lineName(line)}</th>
      <td>{quantity(line)}</td>
      <td className="muted">{unitPrice(line)}</td>
      <td>{exactCost(line.cost_nano)}</td>
    </tr>
  ));
}

/** The tokens of a request that no price was used for. */
function Tokens({ row }: { row: LogRow }) {
  const lines: [string, number][] = [
    ["Input tokens", row.req_units],
    ["of which from the provider's cache", row.cached_units],
    ["Output tokens", row.res_units],
    ["of which reasoning", row.reasoning_units],
  ];
  return lines.map(([name, n], i) =>
    i % 2 === 1 && !n ? null : (
      <tr key={name} className={i % 2 === 1 ? "part" : undefined}>
        <th scope="row" colSpan={3}>
          {name}
        </th>
        <td>{count(n)}</td>
      </tr>
    ),
  );
}

function Dropped({ log }: { log: LogDetail }) {
  const { receipts } = log;
  if (receipts.length === 0) return null;
  return (
    <section>
      <h2>Not carried over</h2>
      <p className="hint">The provider's format has no place for these, so they were left out of what was sent.</p>
      <dl className="pairs">
        {receipts.map((r) => (
          <Pair key={r.path + r.reason} name={r.path} value={r.reason} />
        ))}
      </dl>
    </section>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  const filled = Array.isArray(children) ? children.length > 0 : Boolean(children);
  if (!filled) return null;
  return (
    <section>
      <h2>{title}</h2>
      <dl className="pairs">{children}</dl>
    </section>
  );
}

function Pair({ name, value }: { name: string; value: ReactNode }) {
  if (value === "" || value === null || value === undefined || value === false) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

const Id = ({ text }: { text: string }) => <Copyable text={text} label={`Copy ${text}`} />;
