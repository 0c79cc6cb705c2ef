import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Bookmark, Check, ChevronDown, Pencil, Trash2, Users, X } from "lucide-react";
import { useState, type FormEvent } from "react";
import { call } from "../../api/client.ts";
import { refresh, savedFiltersQuery } from "../../api/queries.ts";
import type { Body, SavedFilter } from "../../api/types.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { Confirm } from "../../ui/dialog.tsx";
import { Check as CheckBox, TextField } from "../../ui/field.tsx";
import { Popover } from "../../ui/popover.tsx";
import { ErrorNotice, SkeletonBlock } from "../../ui/states.tsx";
import { useToast } from "../../ui/toast.tsx";
import { fromQuery, noRestrictions, restrictionCount, toQuery, type LogFilters, type Patch } from "./filters.ts";

/** Filters that are kept under a name: to apply, rename, delete, and to keep those of now. */
export function SavedFilters({ filters, onApply }: { filters: LogFilters; onApply: (patch: Patch) => void }) {
  const [open, setOpen] = useState(false);
  const [deleting, setDeleting] = useState<SavedFilter>();
  const client = useQueryClient();
  const remove = async () => {
    await call("DELETE", `/logs/filters/${deleting?.id}`);
    await refresh(client, "saved-filters");
  };
  return (
    <>
      <Popover
        label="Saved filters"
        open={open}
        onOpenChange={setOpen}
        trigger={
          <Button icon={Bookmark}>
            Saved
            <ChevronDown size={13} aria-hidden />
          </Button>
        }
      >
        <Panel
          filters={filters}
          onApply={(patch) => {
            setOpen(false);
            onApply(patch);
          }}
          onDelete={(f) => {
            setOpen(false);
            setDeleting(f);
          }}
        />
      </Popover>
      <Confirm open={deleting !== undefined} onClose={() => setDeleting(undefined)} title="Delete saved filter" action="Delete filter" onConfirm={remove}>
        <p>
          <strong>{deleting?.name}</strong> is deleted{deleting?.shared && " for everybody in the workspace"}. Logs are not touched.
        </p>
      </Confirm>
    </>
  );
}

function Panel({ filters, onApply, onDelete }: { filters: LogFilters; onApply: (patch: Patch) => void; onDelete: (f: SavedFilter) => void }) {
  const saved = useQuery(savedFiltersQuery);
  const [renaming, setRenaming] = useState<string>();
  const list = saved.data?.data ?? [];
  return (
    <div className="saved">
      {saved.isPending && <SkeletonBlock lines={3} />}
      {saved.isError && <ErrorNotice error={saved.error} onRetry={() => void saved.refetch()} />}
      {saved.isSuccess && list.length === 0 && <p className="hint">Nothing is saved yet. Set some filters, then give them a name.</p>}
      {list.length > 0 && (
        <ul>
          {list.map((f) =>
            f.id === renaming ? (
              <li key={f.id}>
                <Rename target={f} onDone={() => setRenaming(undefined)} />
              </li>
            ) : (
              <li key={f.id} className="saved-item">
                <Apply target={f} onApply={onApply} />
                <IconButton icon={Pencil} label={`Rename ${f.name}`} small onClick={() => setRenaming(f.id)} />
                <IconButton icon={Trash2} label={`Delete ${f.name}`} small onClick={() => onDelete(f)} />
              </li>
            ),
          )}
        </ul>
      )}
      {restrictionCount(filters) > 0 && <Save filters={filters} />}
    </div>
  );
}

function Apply({ target, onApply }: { target: SavedFilter; onApply: (patch: Patch) => void }) {
  const { filters, unknown } = fromQuery(target.filters);
  const times = filters.from || filters.to ? { range: undefined, from: filters.from, to: filters.to } : {};
  const title = unknown.length > 0 ? `The console cannot show ${unknown.join(", ")}; use the API.` : undefined;
  return (
    <button type="button" className="menu-item" disabled={unknown.length > 0} title={title} onClick={() => onApply({ ...noRestrictions, ...filters, ...times })}>
      <span className="truncate">{target.name}</span>
      {target.shared && <Users size={13} aria-label="shared" />}
    </button>
  );
}

function Rename({ target, onDone }: { target: SavedFilter; onDone: () => void }) {
  const client = useQueryClient();
  const [error, setError] = useState<unknown>(null);
  const submit = async (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const name = String(new FormData(e.currentTarget).get("name")).trim();
    try {
      await call("PUT", `/logs/filters/${target.id}`, { body: { name } satisfies Body<"updateSavedFilter"> });
      await refresh(client, "saved-filters");
      onDone();
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <form className="free-value" onSubmit={(e) => void submit(e)}>
      <input name="name" className="input" defaultValue={target.name} aria-label="New name" autoFocus required maxLength={100} />
      <IconButton type="submit" icon={Check} label="Save name" />
      <IconButton icon={X} label="Keep the old name" onClick={onDone} />
      {error !== null && <ErrorNotice error={error} />}
    </form>
  );
}

function Save({ filters }: { filters: LogFilters }) {
  const client = useQueryClient();
  const toast = useToast();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = async (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const target = e.currentTarget;
    const form = new FormData(target);
    // A range that ends now is not part of it: the saved filter is for any time.
    const body = { name: String(form.get("name")).trim(), shared: form.get("shared") !== null, filters: toQuery({ ...filters, range: "all" }, new Date()) };
    setBusy(true);
    setError(null);
    try {
      await call("POST", "/logs/filters", { body });
      await refresh(client, "saved-filters");
      target.reset();
      toast("Filters saved");
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="form save-form" onSubmit={(e) => void submit(e)}>
      <TextField label="Save these filters as" name="name" required maxLength={100} placeholder="Slow answers of the search team" />
      <CheckBox label="Share with the workspace" name="shared" defaultChecked />
      {error !== null && <ErrorNotice error={error} />}
      <Button type="submit" busy={busy}>
        Save filters
      </Button>
    </form>
  );
}
