import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { Plus, Trash2 } from "lucide-react";
import { call } from "../../api/client.ts";
import { exportFieldsQuery, loggingQuery } from "../../api/queries.ts";
import type { Logging } from "../../api/types.ts";
import { ago } from "../../lib/time.ts";
import { Page } from "../../shell/page.tsx";
import { Button, IconButton } from "../../ui/button.tsx";
import { Check, SelectField, TextField } from "../../ui/field.tsx";
import { ErrorNotice, SkeletonBlock } from "../../ui/states.tsx";
import { useToast } from "../../ui/toast.tsx";

/** What the organisation keeps of the bodies of its requests. */
export function LoggingPage() {
  const settings = useQuery(loggingQuery);
  const client = useQueryClient();
  return (
    <Page title="Logging" subtitle="What is kept of requests and replies, for the whole organisation. It holds for what comes after it is saved.">
      {settings.isPending && <SkeletonBlock lines={8} />}
      {settings.isError && <ErrorNotice error={settings.error} onRetry={() => void settings.refetch()} />}
      {settings.data && (
        <Form key={settings.data.last_updated_at} settings={settings.data} onSaved={(next) => client.setQueryData(loggingQuery.queryKey, next)} />
      )}
    </Page>
  );
}

interface Rule {
  name: string;
  kind: "pattern" | "path";
  what: string;
  replacement: string;
}

const ruleOf = (r: Logging["redactions"][number]): Rule => ({
  name: r.name ?? "",
  kind: r.path ? "path" : "pattern",
  what: r.path ?? r.pattern ?? "",
  replacement: r.replacement ?? "",
});

function Form({ settings, onSaved }: { settings: Logging; onSaved: (next: Logging) => void }) {
  const toast = useToast();
  const [mode, setMode] = useState(settings.request_logging);
  const [enforced, setEnforced] = useState(settings.enforce_debug_log_setting);
  const [rules, setRules] = useState(() => settings.redactions.map(ruleOf));
  const [denied, setDenied] = useState(settings.denied_export_fields);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const setRule = (at: number, patch: Partial<Rule>) => setRules(rules.map((r, i) => (i === at ? { ...r, ...patch } : r)));
  const submit = async (e: FormEvent) => {
    e.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const redactions = rules.map((r) => ({ name: r.name, [r.kind]: r.what, ...(r.replacement && { replacement: r.replacement }) }));
      const body = { request_logging: mode, enforce_debug_log_setting: enforced, redactions, denied_export_fields: denied };
      onSaved(await call<Logging>("PUT", "/admin/organisation/logging", { body }));
      toast("Logging saved");
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="form logging-form" onSubmit={(e) => void submit(e)}>
      <fieldset className="plain-set panel">
        <legend className="sr-only">Bodies</legend>
        <h2>Bodies</h2>
        <div className="type-picker two">
          <Mode value="full" current={mode} onChange={setMode} label="Keep them" hint="Requests and replies can be read in their logs." />
          <Mode value="metrics_only" current={mode} onChange={setMode} label="Metrics only" hint="Logs have figures but no requests and replies." />
        </div>
        <Check
          label={
            <>
              Hold all requests to this: <code>x-portkey-debug</code> changes nothing
            </>
          }
          checked={enforced}
          onChange={(e) => setEnforced(e.target.checked)}
        />
      </fieldset>
      <fieldset className="plain-set panel">
        <legend className="sr-only">Redaction</legend>
        <h2>Redaction</h2>
        <p className="hint">
          Rules change what is kept, never what is passed on. A pattern is a regular expression looked for in every text; a path names a value of the JSON: <code>a.b</code>,{" "}
          <code>a[*].b</code>, <code>..b</code> at any depth.
        </p>
        {rules.map((rule, i) => (
          <RuleFields key={i} number={i + 1} rule={rule} onChange={(patch) => setRule(i, patch)} onRemove={() => setRules(rules.filter((_, at) => at !== i))} />
        ))}
        <div>
          <Button icon={Plus} onClick={() => setRules([...rules, { name: "", kind: "pattern", what: "", replacement: "" }])}>
            Add a rule
          </Button>
        </div>
      </fieldset>
      <DeniedFields denied={denied} onChange={setDenied} />
      {error !== null && <ErrorNotice error={error} />}
      <div className="actions">
        <Button type="submit" variant="primary" busy={busy}>
          Save
        </Button>
        {settings.last_updated_at && <span className="muted">Changed {ago(settings.last_updated_at, new Date())}</span>}
      </div>
    </form>
  );
}

type ModeName = Logging["request_logging"];

function Mode({ value, current, label, hint, onChange }: { value: ModeName; current: ModeName; label: string; hint: string; onChange: (mode: ModeName) => void }) {
  return (
    <label className="type-option">
      <input type="radio" name="mode" checked={value === current} onChange={() => onChange(value)} />
      <span>
        <span className="strong">{label}</span>
        <span className="muted">{hint}</span>
      </span>
    </label>
  );
}

function RuleFields({ number, rule, onChange, onRemove }: { number: number; rule: Rule; onChange: (patch: Partial<Rule>) => void; onRemove: () => void }) {
  return (
    <div className="rule" role="group" aria-label={`Rule ${number}`}>
      <TextField label="Name" value={rule.name} onChange={(e) => onChange({ name: e.target.value })} placeholder="mail" />
      <SelectField label="By" value={rule.kind} onChange={(e) => onChange({ kind: e.target.value === "path" ? "path" : "pattern" })}>
        <option value="pattern">pattern</option>
        <option value="path">path</option>
      </SelectField>
      <TextField
        label={rule.kind === "path" ? "Path" : "Pattern"}
        className="input mono"
        value={rule.what}
        required
        maxLength={1000}
        onChange={(e) => onChange({ what: e.target.value })}
        placeholder={rule.kind === "path" ? "..customer.name" : "[\\w.+-]+@[\\w.-]+"}
      />
      <TextField label="Replacement" value={rule.replacement} maxLength={128} onChange={(e) => onChange({ replacement: e.target.value })} placeholder="[redacted]" />
      <IconButton icon={Trash2} label={`Remove rule ${number}`} onClick={onRemove} />
    </div>
  );
}

function DeniedFields({ denied, onChange }: { denied: string[]; onChange: (denied: string[]) => void }) {
  const fields = useQuery(exportFieldsQuery);
  return (
    <fieldset className="plain-set panel">
      <legend className="sr-only">Exports</legend>
      <h2>Exports</h2>
      <p className="hint">What is marked here cannot be exported by anybody.</p>
      {fields.isError && <ErrorNotice error={fields.error} onRetry={() => void fields.refetch()} />}
      <div className="field-grid">
        {(fields.data?.fields ?? []).map((f) => (
          <Check key={f} label={<code>{f}</code>} checked={denied.includes(f)} onChange={() => onChange(denied.includes(f) ? denied.filter((d) => d !== f) : [...denied, f])} />
        ))}
      </div>
    </fieldset>
  );
}
