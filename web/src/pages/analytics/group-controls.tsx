import { useQuery } from "@tanstack/react-query";
import { Columns3, Tag } from "lucide-react";
import { useId, useMemo, useState, type FormEvent } from "react";
import { dimensions, metadataId, metadataKey } from "../../analytics/dimensions.ts";
import type { Query } from "../../analytics/period.ts";
import { someLogsQuery } from "../../analytics/queries.ts";
import { Button } from "../../ui/button.tsx";
import { Check, TextField } from "../../ui/field.tsx";
import { Popover } from "../../ui/popover.tsx";
import { groupMeasures } from "./group-measures.ts";
import { columns as offered, usualColumns, type Column } from "./search.ts";

/** What the groups are of: what every request has, a metadata key that some have, or one that is typed. */
export function ByPicker({ value, query, onChange }: { value: string; query: Query; onChange: (by: string) => void }) {
  const id = useId();
  const logs = useQuery(someLogsQuery(query)).data?.data;
  const chosen = metadataKey(value);
  const keys = useMemo(() => [...new Set([...(logs ?? []).flatMap((row) => Object.keys(row.metadata ?? {})), ...(chosen ? [chosen] : [])])].sort(), [logs, chosen]);
  return (
    <>
      <span className="inline-field">
        <label htmlFor={id}>Group by</label>
        <select className="input" id={id} value={value} onChange={(e) => onChange(e.target.value)}>
          {dimensions.map((d) => (
            <option key={d.id} value={d.id}>
              {d.label}
            </option>
          ))}
          {keys.length > 0 && (
            <optgroup label="Metadata">
              {keys.map((key) => (
                <option key={key} value={metadataId(key)}>
                  {key}
                </option>
              ))}
            </optgroup>
          )}
        </select>
      </span>
      <MetadataKey onChange={(key) => onChange(metadataId(key))} />
    </>
  );
}

function MetadataKey({ onChange }: { onChange: (key: string) => void }) {
  const [open, setOpen] = useState(false);
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const key = String(new FormData(e.currentTarget).get("key")).trim();
    if (key === "") return;
    setOpen(false);
    onChange(key);
  };
  return (
    <Popover label="Group by a metadata key" open={open} onOpenChange={setOpen} trigger={<Button icon={Tag}>Other key…</Button>}>
      <form className="form key-form" onSubmit={submit}>
        <TextField label="Metadata key" name="key" placeholder="team" required />
        <Button type="submit">Group by it</Button>
      </form>
    </Popover>
  );
}

export function MeasurePicker({ value, onChange }: { value: string; onChange: (measure: string | undefined) => void }) {
  const id = useId();
  return (
    <span className="inline-field">
      <label htmlFor={id}>Graph</label>
      <select className="input" id={id} value={value} onChange={(e) => onChange(e.target.value === groupMeasures[0]!.id ? undefined : e.target.value)}>
        {groupMeasures.map((m) => (
          <option key={m.id} value={m.id}>
            {m.label}
          </option>
        ))}
      </select>
    </span>
  );
}

export function ColumnsPicker({ columns, onChange }: { columns: Column[]; onChange: (columns: string | undefined) => void }) {
  const toggle = (column: Column) => {
    const next = columns.includes(column) ? columns.filter((c) => c !== column) : [...columns, column];
    onChange(same(next, usualColumns) ? undefined : next.join(","));
  };
  return (
    <Popover label="Columns" trigger={<Button icon={Columns3}>Columns</Button>}>
      <fieldset className="options">
        <legend className="sr-only">Columns</legend>
        {(Object.keys(offered) as Column[]).map((c) => (
          <Check key={c} label={offered[c]} checked={columns.includes(c)} disabled={columns.length === 1 && columns[0] === c} onChange={() => toggle(c)} />
        ))}
      </fieldset>
    </Popover>
  );
}

const same = (a: Column[], b: Column[]): boolean => a.length === b.length && a.every((c) => b.includes(c));
