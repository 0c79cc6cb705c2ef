import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { call } from "../../api/client.ts";
import { exportFieldsQuery, fetchLogs, refresh } from "../../api/queries.ts";
import type { Answer } from "../../api/types.ts";
import { plural } from "../../lib/format.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Check, TextField } from "../../ui/field.tsx";
import { ErrorNotice, SkeletonBlock } from "../../ui/states.tsx";
import { useToast } from "../../ui/toast.tsx";
import { FilterBar } from "../logs/filter-bar.tsx";
import { toQuery, type LogFilters, type Patch } from "../logs/filters.ts";
import { RangePicker } from "../logs/range-picker.tsx";

// As the API has it when nothing else is said; bodies are large and come on request.
const usual = [
  "id", "trace_id", "created_at", "is_success", "ai_org", "ai_model", "req_units", "res_units", "total_units",
  "cost", "cost_currency", "response_time", "response_status_code", "mode", "config", "prompt_slug", "metadata",
];

interface Props {
  filters: LogFilters;
  onFilters: (patch: Patch) => void;
  onClose: () => void;
}

/** Makes an export of the requests that the filters choose, and starts it. */
export function CreateExport({ filters, onFilters, onClose }: Props) {
  const client = useQueryClient();
  const toast = useToast();
  const fields = useQuery(exportFieldsQuery);
  const [chosen, setChosen] = useState<string[]>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const denied = fields.data?.denied_fields ?? [];
  const offered = (fields.data?.fields ?? []).filter((f) => !denied.includes(f));
  const picked = chosen ?? usual.filter((f) => offered.includes(f));
  const submit = async (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const form = new FormData(e.currentTarget);
    setBusy(true);
    setError(null);
    try {
      const body = {
        description: String(form.get("description")).trim(),
        format: String(form.get("format")),
        filters: toQuery(filters, new Date()),
        requested_data: offered.filter((f) => picked.includes(f)),
      };
      const made = await call<Answer<"createExport">>("POST", "/logs/exports", { body });
      await call("POST", `/logs/exports/${made.id}/start`);
      toast("Export started");
      onClose();
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
      await refresh(client, "exports");
    }
  };
  return (
    <Dialog open wide onClose={onClose} title="New export" description={<Matching filters={filters} />}>
      <form onSubmit={(e) => void submit(e)}>
        <div className="dialog-body">
          <TextField label="Name" name="description" optional maxLength={200} placeholder="Errors of last week" />
          <div className="export-filters">
            <span className="legend">Requests</span>
            <FilterBar filters={filters} onChange={onFilters}>
              <RangePicker filters={filters} onChange={onFilters} />
            </FilterBar>
          </div>
          <fieldset className="plain-set">
            <legend className="legend">Format</legend>
            <div className="actions">
              <label className="check">
                <input type="radio" name="format" value="jsonl" defaultChecked />
                JSON lines
              </label>
              <label className="check">
                <input type="radio" name="format" value="csv" />
                CSV
              </label>
            </div>
          </fieldset>
          {fields.isPending && <SkeletonBlock lines={4} />}
          {fields.isError && <ErrorNotice error={fields.error} onRetry={() => void fields.refetch()} />}
          {fields.data && <Fields offered={offered} denied={denied} picked={picked} onChange={setChosen} />}
          {error !== null && <ErrorNotice error={error} />}
        </div>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={busy} disabled={picked.length === 0}>
            Start export
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

// How much it will be, before anything is made.
function Matching({ filters }: { filters: LogFilters }) {
  const found = useQuery({
    queryKey: ["export-count", filters],
    queryFn: ({ signal }) => fetchLogs({ ...toQuery(filters, new Date()), page_size: 1 }, signal),
    placeholderData: (previous) => previous,
  });
  if (found.isError) return <>How many requests match cannot be told: {found.error.message}</>;
  return <span role="status">{found.data ? `${plural(found.data.total, "request")} will be written.` : "Counting…"}</span>;
}

function Fields({ offered, denied, picked, onChange }: { offered: string[]; denied: string[]; picked: string[]; onChange: (picked: string[]) => void }) {
  const toggle = (field: string) => onChange(picked.includes(field) ? picked.filter((f) => f !== field) : [...picked, field]);
  return (
    <fieldset className="plain-set">
      <legend className="legend">
        Fields <span className="muted num">{picked.length}</span>
      </legend>
      <div className="actions">
        <Button small onClick={() => onChange(offered)}>
          All
        </Button>
        <Button small onClick={() => onChange(usual.filter((f) => offered.includes(f)))}>
          The usual
        </Button>
        <Button small onClick={() => onChange([])}>
          None
        </Button>
      </div>
      <div className="field-grid">
        {offered.map((f) => (
          <Check key={f} label={<code>{f}</code>} checked={picked.includes(f)} onChange={() => toggle(f)} />
        ))}
      </div>
      {denied.length > 0 && <p className="hint">The organisation does not let {denied.join(", ")} be exported.</p>}
    </fieldset>
  );
}
