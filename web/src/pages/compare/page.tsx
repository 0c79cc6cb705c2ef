import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ArrowLeftRight, GitCompareArrows } from "lucide-react";
import { useMemo, useState } from "react";
import { logQuery } from "../../api/queries.ts";
import type { LogDetail } from "../../api/types.ts";
import { JsonDiff } from "../../editor/json-diff.tsx";
import { plural } from "../../lib/format.ts";
import { Page } from "../../shell/page.tsx";
import { Button } from "../../ui/button.tsx";
import { Check } from "../../ui/field.tsx";
import { Empty, ErrorNotice, SkeletonBlock } from "../../ui/states.tsx";
import { compareFields, texts } from "./differences.ts";

const route = getRouteApi("/shell/logs/compare");

/** Two logs side by side. */
export function ComparePage() {
  const { a = "", b = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const first = useQuery({ ...logQuery(a), enabled: a !== "" });
  const second = useQuery({ ...logQuery(b), enabled: b !== "" });
  const swap = (
    <Button icon={ArrowLeftRight} onClick={() => void navigate({ search: { a: b, b: a }, replace: true })}>
      Swap
    </Button>
  );
  return (
    <Page title="Compare two requests" actions={a && b && swap}>
      {a === "" || b === "" ? (
        <Empty icon={GitCompareArrows} title="Choose two requests">
          <p className="muted">
            Mark two of them in <Link to="/logs">the logs</Link>, then press Compare.
          </p>
        </Empty>
      ) : first.isError || second.isError ? (
        <div className="stack">
          {first.isError && <ErrorNotice error={first.error} onRetry={() => void first.refetch()} />}
          {second.isError && <ErrorNotice error={second.error} onRetry={() => void second.refetch()} />}
        </div>
      ) : first.data && second.data ? (
        <Comparison a={first.data} b={second.data} />
      ) : (
        <SkeletonBlock lines={12} />
      )}
    </Page>
  );
}

function Comparison({ a, b }: { a: LogDetail; b: LogDetail }) {
  const lines = useMemo(() => compareFields(a, b), [a, b]);
  const [all, setAll] = useState(true);
  const different = lines.filter((l) => l.differs);
  const [left, right] = useMemo(() => [texts(a), texts(b)], [a, b]);
  return (
    <div className="stack compare">
      <div className="panel scroll">
        <table className={all ? "table compare-table all" : "table compare-table"}>
          <caption className="sr-only">Fields of both requests</caption>
          <thead>
            <tr>
              <th scope="col">{plural(different.length, "difference")}</th>
              {[a, b].map((log, i) => (
                <th scope="col" key={i}>
                  {"AB"[i]}{" "}
                  <Link to="/logs/$id" params={{ id: log._id }} className="mono">
                    {log._id}
                  </Link>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {(all ? lines : different).map((l) => (
              <tr key={l.name} className={l.differs ? "differs" : undefined}>
                <th scope="row">
                  {l.name}
                  {l.differs && all && <span className="badge accent">differs</span>}
                </th>
                <td>{l.a || <span className="muted">–</span>}</td>
                <td>{l.b || <span className="muted">–</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Check label="Only what differs" checked={!all} onChange={(e) => setAll(!e.target.checked)} />
      <Bodies title="Request" a={left.request} b={right.request} />
      <Bodies title="Reply" a={left.reply} b={right.reply} />
    </div>
  );
}

function Bodies({ title, a, b }: { title: string; a: string; b: string }) {
  if (a === "" && b === "") return null;
  return (
    <section>
      <h2>{title}</h2>
      {a === b ? <p className="hint">Both are the same.</p> : <JsonDiff label={title} before={a} after={b} split />}
    </section>
  );
}
