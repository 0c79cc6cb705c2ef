import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Download, Ellipsis, Play, Plus, RotateCw, ScrollText, Square, Trash2 } from "lucide-react";
import { useState } from "react";
import { call } from "../../api/client.ts";
import { exportsQuery, refresh } from "../../api/queries.ts";
import type { Answer, LogExport } from "../../api/types.ts";
import { bytes, count, plural } from "../../lib/format.ts";
import { ago, fullTime } from "../../lib/time.ts";
import { Page } from "../../shell/page.tsx";
import { Button, IconButton } from "../../ui/button.tsx";
import { Confirm } from "../../ui/dialog.tsx";
import { Menu, MenuItem } from "../../ui/menu.tsx";
import { Empty, ErrorNotice, SkeletonRows } from "../../ui/states.tsx";
import { fromQuery, noRestrictions, pickFilters } from "../logs/filters.ts";
import { useNow } from "../logs/use-time.ts";
import { CreateExport } from "./create.tsx";

const route = getRouteApi("/shell/exports");

export function ExportsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const client = useQueryClient();
  const list = useQuery(exportsQuery);
  const now = useNow(true);
  const [deleting, setDeleting] = useState<LogExport>();
  const act = useExportActions();
  const change = (patch: Record<string, string | undefined>) => void navigate({ search: (old) => ({ ...old, ...patch }) as typeof old, replace: true });
  const rows = list.data?.data ?? [];
  const remove = async () => {
    await call("DELETE", `/logs/exports/${deleting?.id}`);
    await refresh(client, "exports");
  };
  const create = (
    <Button variant="primary" icon={Plus} onClick={() => change({ new: "1" })}>
      New export
    </Button>
  );
  return (
    <Page title="Exports" subtitle="Logs as files, written in the background." actions={create}>
      <div className="stack">
        {act.isError && <ErrorNotice error={act.error} />}
        {list.isError && <ErrorNotice error={list.error} onRetry={() => void list.refetch()} />}
        {list.isSuccess && rows.length === 0 ? (
          <Empty icon={Download} title="Nothing was exported yet">
            <p className="muted">Choose requests in the logs and press Export there, or begin here. Files are JSON lines or CSV, at most 50,000 rows each.</p>
            <div className="actions">{create}</div>
          </Empty>
        ) : (
          !list.isError && (
            <div className="panel scroll">
              <table className="table exports-table">
                <caption className="sr-only">Exports, newest first</caption>
                <thead>
                  <tr>
                    <th scope="col">Export</th>
                    <th scope="col">Status</th>
                    <th scope="col" className="end">Rows</th>
                    <th scope="col">Files</th>
                    <th scope="col" className="end">
                      <span className="sr-only">Actions</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {list.isPending && <SkeletonRows rows={4} columns={5} />}
                  {rows.map((e) => (
                    <Row key={e.id} row={e} now={now} busy={act.isPending} onAct={(what) => act.mutate({ id: e.id, what })} onDelete={() => setDeleting(e)} />
                  ))}
                </tbody>
              </table>
            </div>
          )
        )}
      </div>
      {search.new !== undefined && (
        <CreateExport filters={pickFilters(search)} onFilters={change} onClose={() => change({ new: undefined, range: undefined, from: undefined, to: undefined, ...noRestrictions })} />
      )}
      <Confirm open={deleting !== undefined} onClose={() => setDeleting(undefined)} title="Delete export" action="Delete export" onConfirm={remove}>
        <p>
          <strong>{deleting?.description || "The export"}</strong> is deleted with its files. Logs are not touched.
        </p>
      </Confirm>
    </Page>
  );
}

type What = "start" | "cancel" | "download";

function useExportActions() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ id, what }: { id: string; what: What }) => {
      if (what === "download") {
        const { signed_urls } = await call<Answer<"downloadExport">>("GET", `/logs/exports/${id}/download`);
        signed_urls.forEach(save);
      } else await call("POST", `/logs/exports/${id}/${what}`);
    },
    onSettled: () => refresh(client, "exports"),
  });
}

// Links are signed for the host that the server was called by; the console keeps to its own.
function save(link: string): void {
  const { pathname, search } = new URL(link);
  const a = Object.assign(document.createElement("a"), { href: pathname + search, download: "" });
  document.body.append(a);
  a.click();
  a.remove();
}

interface RowProps {
  row: LogExport;
  now: Date;
  busy: boolean;
  onAct: (what: What) => void;
  onDelete: () => void;
}

const looks: Record<LogExport["status"], { label: string; tone: string }> = {
  draft: { label: "Draft", tone: "" },
  in_progress: { label: "In progress", tone: "accent" },
  success: { label: "Done", tone: "good" },
  failed: { label: "Failed", tone: "bad" },
  stopped: { label: "Cancelled", tone: "warn" },
};

function Row({ row, now, busy, onAct, onDelete }: RowProps) {
  const look = looks[row.status];
  const running = row.status === "in_progress";
  const gone = row.expires_at !== null && new Date(row.expires_at) <= now;
  const ready = row.status === "success" && !gone;
  return (
    <tr>
      <td>
        <span className="export-name">
          <span className="strong">{row.description || "Logs"}</span>
          <span className="muted">
            {row.format === "csv" ? "CSV" : "JSON lines"} · {plural(row.requested_data.length, "field")} · <FiltersText filters={row.filters} />
          </span>
          <span className="muted num" title={fullTime(row.created_at)}>
            made {ago(row.created_at, now)}
          </span>
        </span>
      </td>
      <td>
        <span className={`badge ${look.tone}`}>{ready || row.status !== "success" ? look.label : "Expired"}</span>
        {row.error && <p className="field-error">{row.error}</p>}
      </td>
      <td className="end num">
        {running ? (
          <>
            <progress max={Math.max(row.total, 1)} value={row.rows} aria-label={`${count(row.rows)} of ${count(row.total)} rows`} />
            <span>
              {count(row.rows)} of {count(row.total)}
            </span>
          </>
        ) : (
          count(row.status === "success" ? row.rows : row.total)
        )}
      </td>
      <td className="num">
        {row.files.length > 0 ? (
          <span className="export-name">
            <span>
              {plural(row.files.length, "file")}, {bytes(row.files.reduce((sum, f) => sum + f.bytes, 0))}
            </span>
            {row.expires_at && <span className="muted" title={fullTime(row.expires_at)}>{gone ? "deleted" : `expires ${ago(row.expires_at, now)}`}</span>}
          </span>
        ) : (
          <span className="muted">–</span>
        )}
      </td>
      <td className="end">
        <span className="row-actions">
          {ready && (
            <Button small icon={Download} disabled={busy} onClick={() => onAct("download")}>
              Download
            </Button>
          )}
          {running && (
            <Button small icon={Square} disabled={busy} onClick={() => onAct("cancel")}>
              Cancel
            </Button>
          )}
          {row.status === "draft" && (
            <Button small icon={Play} disabled={busy} onClick={() => onAct("start")}>
              Start
            </Button>
          )}
          <Menu trigger={<IconButton icon={Ellipsis} label={`Actions for ${row.description || "the export"}`} small />}>
            {!running && row.status !== "draft" && (
              <MenuItem icon={RotateCw} onSelect={() => onAct("start")}>
                Start again
              </MenuItem>
            )}
            <ShowLogs filters={row.filters} />
            <MenuItem icon={Trash2} danger onSelect={onDelete}>
              Delete
            </MenuItem>
          </Menu>
        </span>
      </td>
    </tr>
  );
}

function FiltersText({ filters }: { filters: LogExport["filters"] }) {
  const names = Object.keys(filters);
  if (names.length === 0) return <>all requests</>;
  const text = names.map((name) => `${name}: ${typeof filters[name] === "string" ? filters[name] : JSON.stringify(filters[name])}`).join("\n");
  return <abbr title={text}>{plural(names.length, "filter")}</abbr>;
}

function ShowLogs({ filters }: { filters: LogExport["filters"] }) {
  const navigate = route.useNavigate();
  const { filters: shown, unknown } = fromQuery(filters);
  if (unknown.length > 0) return null;
  return (
    <MenuItem icon={ScrollText} onSelect={() => void navigate({ to: "/logs", search: { ...(shown.from || shown.to ? {} : { range: "all" }), ...shown } })}>
      Show in the logs
    </MenuItem>
  );
}
