import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { ApiError } from "../../api/client.ts";
import { configsQuery, sessionQuery } from "../../api/queries.ts";
import type { ApiKey, ApiKeyType } from "../../api/types.ts";
import { toLocalInput, fromLocalInput } from "../../lib/time.ts";
import { Button } from "../../ui/button.tsx";
import { SelectField, TextField } from "../../ui/field.tsx";
import { ErrorNotice } from "../../ui/states.tsx";
import { ScopePicker } from "./scope-picker.tsx";
import { initialScopes } from "./scopes.ts";

/** What a key is made of, as the API takes it. */
export interface KeyBody {
  name: string;
  description: string;
  scopes: string[];
  expires_at: string | null;
  defaults: { config_id: string | null };
  user_id?: string;
}

interface FormProps {
  /** The key that is changed; absent for a new one. */
  existing?: ApiKey;
  busy: boolean;
  error: unknown;
  action: string;
  onSubmit: (type: ApiKeyType, body: KeyBody) => void;
  onCancel: () => void;
}

const types: { id: ApiKeyType; label: string; hint: string }[] = [
  { id: "workspace-service", label: "Workspace service", hint: "For an application: calls models and reads logs in this workspace." },
  { id: "workspace-user", label: "Workspace user", hint: "For yourself: what it does is counted as yours." },
  { id: "organisation-service", label: "Organisation service", hint: "For automation: manages all workspaces. It does not call models." },
];

export function KeyForm({ existing, busy, error, action, onSubmit, onCancel }: FormProps) {
  const [type, setType] = useState<ApiKeyType>(existing?.type ?? "workspace-service");
  const [scopes, setScopes] = useState(existing?.scopes ?? initialScopes("workspace-service"));
  const user = useQuery(sessionQuery).data?.user?.id;
  const at = (field: string) => (error instanceof ApiError && error.param === field ? error.message : undefined);
  const known = ["name", "scopes", "expires_at"].some(at);
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    onSubmit(type, { ...readForm(new FormData(e.currentTarget)), scopes, ...(type === "workspace-user" && user && !existing ? { user_id: user } : {}) });
  };
  return (
    <form onSubmit={submit}>
      <div className="dialog-body">
        {!existing && (
          <TypePicker
            value={type}
            onChange={(next) => {
              setType(next);
              setScopes(initialScopes(next));
            }}
          />
        )}
        <div className="two-columns">
          <TextField label="Name" name="name" required maxLength={255} defaultValue={existing?.name} placeholder="checkout service" error={at("name")} />
          <TextField label="Description" name="description" optional defaultValue={existing?.description ?? ""} />
          {type !== "organisation-service" && <DefaultConfig value={existing?.defaults.config_id ?? ""} />}
          <TextField label="Expires" name="expires" type="datetime-local" optional hint="Never, when left empty." defaultValue={toLocalInput(existing?.expires_at ?? "")} error={at("expires_at")} />
        </div>
        <ScopePicker type={type} value={scopes} onChange={setScopes} error={at("scopes")} />
        {error !== null && error !== undefined && !known && <ErrorNotice error={error} />}
      </div>
      <footer>
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy} disabled={scopes.length === 0}>
          {action}
        </Button>
      </footer>
    </form>
  );
}

function readForm(form: FormData): Omit<KeyBody, "scopes"> {
  const text = (name: string) => String(form.get(name) ?? "").trim();
  return {
    name: text("name"),
    description: text("description"),
    expires_at: fromLocalInput(text("expires")) || null,
    defaults: { config_id: text("config") || null },
  };
}

function TypePicker({ value, onChange }: { value: ApiKeyType; onChange: (type: ApiKeyType) => void }) {
  return (
    <fieldset className="type-picker">
      <legend className="legend">Kind</legend>
      {types.map((t) => (
        <label key={t.id} className="type-option">
          <input type="radio" name="kind" value={t.id} checked={value === t.id} onChange={() => onChange(t.id)} />
          <span>
            <span className="strong">{t.label}</span>
            <span className="hint">{t.hint}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function DefaultConfig({ value }: { value: string }) {
  const configs = useQuery(configsQuery).data?.data ?? [];
  const listed = configs.some((c) => c.slug === value || c.id === value);
  const chosen = configs.find((c) => c.id === value)?.slug ?? value;
  return (
    <SelectField key={configs.length} label="Default config" name="config" optional hint="Applies to requests that name none." defaultValue={chosen}>
      <option value="">None</option>
      {!listed && value && <option value={value}>{value}</option>}
      {configs.map((c) => (
        <option key={c.id} value={c.slug}>
          {c.name} ({c.slug})
        </option>
      ))}
    </SelectField>
  );
}

export const typeLabel = (type: ApiKeyType): string => types.find((t) => t.id === type)?.label ?? type;
