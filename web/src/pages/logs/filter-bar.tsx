import { useQuery } from "@tanstack/react-query";
import { ChevronDown, Search, X } from "lucide-react";
import { useEffect, useId, useRef, useState, type FormEvent, type RefObject } from "react";
import { apiKeysQuery, configsQuery, providersQuery, virtualKeysQuery } from "../../api/queries.ts";
import type { LogRow } from "../../api/types.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { Check } from "../../ui/field.tsx";
import { Popover } from "../../ui/popover.tsx";
import { cacheStates, items, restrictionCount, restrictions, states, toggle, type LogFilters, type Patch, type Restriction } from "./filters.ts";

interface BarProps {
  filters: LogFilters;
  rows: LogRow[];
  searchBox: RefObject<HTMLInputElement | null>;
  onChange: (patch: Patch) => void;
}

interface Option {
  value: string;
  label: string;
}

export function FilterBar({ filters, rows, searchBox, onChange }: BarProps) {
  const options = useOptions(rows);
  const set = (name: Restriction, value: string | undefined) => onChange({ [name]: value });
  return (
    <search className="toolbar filter-bar" aria-label="Filter logs">
      <SearchBox value={filters.q ?? ""} onChange={(q) => onChange({ q })} box={searchBox} />
      {facets.map(({ name, label, free }) => (
        <Facet
          key={name}
          label={label}
          value={filters[name]}
          options={options[name] ?? []}
          free={free}
          onChange={(value) => set(name, value)}
        />
      ))}
      {restrictionCount(filters) > 0 && (
        <Button variant="ghost" icon={X} onClick={() => onChange(Object.fromEntries(restrictions.map((n) => [n, undefined])))}>
          Clear
        </Button>
      )}
    </search>
  );
}

// `free` is what a value that is not on offer may be typed as.
const facets: { name: Restriction; label: string; free: string }[] = [
  { name: "status", label: "Status", free: "" },
  { name: "code", label: "Code", free: "Status code, as 429" },
  { name: "provider", label: "Provider", free: "" },
  { name: "model", label: "Model", free: "Model name" },
  { name: "config", label: "Config", free: "Config slug" },
  { name: "vkey", label: "Virtual key", free: "Virtual key slug" },
  { name: "apikey", label: "API key", free: "API key id" },
  { name: "cache", label: "Cache", free: "" },
  { name: "trace", label: "Trace", free: "Trace id" },
];

function useOptions(rows: LogRow[]): Partial<Record<Restriction, Option[]>> {
  const providers = useQuery(providersQuery).data?.data ?? [];
  const configs = useQuery(configsQuery).data?.data ?? [];
  const virtualKeys = useQuery(virtualKeysQuery).data?.data ?? [];
  const apiKeys = useQuery(apiKeysQuery).data?.data ?? [];
  const seen = (pick: (row: LogRow) => string) => [...new Set(rows.map(pick).filter(Boolean))].sort();
  const used = seen((r) => r.ai_org);
  const name = (id: string) => providers.find((p) => p.id === id)?.name ?? id;
  const others = providers.filter((p) => !used.includes(p.id));
  return {
    status: Object.entries(states).map(([value, label]) => ({ value, label })),
    code: seen((r) => String(r.response_status_code || "")).map(plain),
    provider: [...used.map((value) => ({ value, label: name(value) })), ...others.map((p) => ({ value: p.id, label: p.name }))],
    model: seen((r) => r.ai_model).map(plain),
    config: configs.map((c) => ({ value: c.slug, label: c.name })),
    vkey: virtualKeys.map((k) => ({ value: k.slug, label: k.name })),
    apikey: apiKeys.map((k) => ({ value: k.id, label: k.name })),
    cache: cacheStates.map((value) => ({ value, label: value.charAt(0) + value.slice(1).toLowerCase() })),
  };
}

const plain = (value: string): Option => ({ value, label: value });

function SearchBox({ value, onChange, box }: { value: string; onChange: (q: string | undefined) => void; box: RefObject<HTMLInputElement | null> }) {
  const [text, setText] = useState(value);
  const sent = useRef(value);
  useEffect(() => {
    if (value !== sent.current) setText(value);
    sent.current = value;
  }, [value]);
  useEffect(() => {
    if (text.trim() === sent.current) return;
    const timer = setTimeout(() => {
      sent.current = text.trim();
      onChange(text.trim() || undefined);
    }, 300);
    return () => clearTimeout(timer);
  }, [text, onChange]);
  return (
    <div className="search-box">
      <Search size={15} aria-hidden />
      <input
        ref={box}
        className="input"
        type="search"
        aria-label="Search logs"
        placeholder="Search ids, models, errors, metadata…"
        value={text}
        spellCheck={false}
        onChange={(e) => setText(e.target.value)}
        onKeyDown={(e) => e.key === "Escape" && e.currentTarget.blur()}
      />
      <kbd aria-hidden>/</kbd>
    </div>
  );
}

interface FacetProps {
  label: string;
  value: string | undefined;
  options: Option[];
  free: string;
  onChange: (value: string | undefined) => void;
}

function Facet({ label, value, options, free, onChange }: FacetProps) {
  const chosen = items(value);
  const names = chosen.map((v) => options.find((o) => o.value === v)?.label ?? v);
  const shown = [...options, ...chosen.filter((v) => !options.some((o) => o.value === v)).map(plain)];
  return (
    <span className={chosen.length > 0 ? "facet set" : "facet"}>
      <Popover
        label={`Filter by ${label.toLowerCase()}`}
        trigger={
          <Button>
            <span>{label}</span>
            {names.length > 0 && <strong className="truncate">{names.length > 2 ? `${names.length} chosen` : names.join(", ")}</strong>}
            <ChevronDown size={13} aria-hidden />
          </Button>
        }
      >
        {free && <FreeValue label={free} onAdd={(v) => onChange(toggle(value, v))} />}
        <OptionList label={label} options={shown} chosen={chosen} onToggle={(v) => onChange(toggle(value, v))} />
      </Popover>
      {chosen.length > 0 && <IconButton icon={X} label={`Clear ${label.toLowerCase()} filter`} onClick={() => onChange(undefined)} />}
    </span>
  );
}

function OptionList({ label, options, chosen, onToggle }: { label: string; options: Option[]; chosen: string[]; onToggle: (v: string) => void }) {
  const [needle, setNeedle] = useState("");
  const many = options.length > 10;
  const found = options.filter((o) => `${o.label} ${o.value}`.toLowerCase().includes(needle.toLowerCase()));
  return (
    <fieldset className="options">
      <legend className="sr-only">{label}</legend>
      {many && <input className="input" aria-label={`Find a ${label.toLowerCase()}`} placeholder="Find…" value={needle} onChange={(e) => setNeedle(e.target.value)} />}
      {found.map((o) => (
        <Check key={o.value} label={o.label} checked={chosen.includes(o.value)} onChange={() => onToggle(o.value)} />
      ))}
      {many && found.length === 0 && <p className="hint">None matches.</p>}
    </fieldset>
  );
}

function FreeValue({ label, onAdd }: { label: string; onAdd: (value: string) => void }) {
  const id = useId();
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const value = String(new FormData(e.currentTarget).get("value")).trim();
    if (value !== "") onAdd(value);
    e.currentTarget.reset();
  };
  return (
    <form className="free-value" onSubmit={submit}>
      <label className="sr-only" htmlFor={id}>
        {label}
      </label>
      <input id={id} name="value" className="input" placeholder={label} autoComplete="off" spellCheck={false} />
      <Button type="submit">Add</Button>
    </form>
  );
}
