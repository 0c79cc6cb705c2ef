import { useQuery } from "@tanstack/react-query";
import { ChevronDown, Plus, Search, X } from "lucide-react";
import { useEffect, useId, useRef, useState, type FormEvent, type ReactNode, type RefObject } from "react";
import { apiKeysQuery, configsQuery, providersQuery, virtualKeysQuery } from "../../api/queries.ts";
import type { LogRow } from "../../api/types.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { Check, TextField } from "../../ui/field.tsx";
import { Popover } from "../../ui/popover.tsx";
import {
  cacheStates,
  items,
  noRestrictions,
  packPair,
  readBounds,
  restrictionCount,
  states,
  toggle,
  unpackPair,
  type LogFilters,
  type Patch,
  type Restriction,
} from "./filters.ts";

interface Option {
  value: string;
  label: string;
}

interface BarProps {
  filters: LogFilters;
  /** What is listed below; its values are offered. */
  rows?: LogRow[];
  searchBox?: RefObject<HTMLInputElement | null>;
  /** What is searched, when it is not logs. */
  noun?: string;
  onChange: (patch: Patch) => void;
  children?: ReactNode;
}

export function FilterBar({ filters, rows = [], searchBox, noun = "logs", onChange, children }: BarProps) {
  const options = useOptions(rows);
  const shown = facets.filter((f) => f.first || filters[f.name] !== undefined);
  const others = facets.filter((f) => !shown.includes(f));
  const set = (name: Restriction, value: string | undefined) => onChange({ [name]: value });
  return (
    <search className="toolbar filter-bar" aria-label={`Filter ${noun}`}>
      <SearchBox noun={noun} value={filters.q ?? ""} onChange={(q) => onChange({ q })} box={searchBox} />
      {shown.map((facet) => (
        <FacetButton key={facet.name} facet={facet} value={filters[facet.name]} options={options[facet.name] ?? []} onChange={(value) => set(facet.name, value)} />
      ))}
      {others.length > 0 && <MoreFacets facets={others} options={options} onChange={set} />}
      {restrictionCount(filters) > 0 && (
        <Button variant="ghost" icon={X} onClick={() => onChange(noRestrictions)}>
          Clear
        </Button>
      )}
      {children}
    </search>
  );
}

interface Facet {
  name: Restriction;
  label: string;
  kind: "list" | "bounds" | "pairs";
  /** Always shown; the others are behind a button until they are set. */
  first?: boolean;
  /** What a value that is not on offer may be typed as. */
  free: string;
  money?: boolean;
  unit?: string;
  low?: number;
  high?: number;
  step?: number | "any";
}

const list = (name: Restriction, label: string, free = "", first = false): Facet => ({ name, label, kind: "list", free, first });
const tokens = (name: Restriction, label: string): Facet => ({ name, label, kind: "bounds", free: "", unit: "", low: 0, step: 1 });

const facets: Facet[] = [
  list("status", "Status", "", true),
  list("code", "Code", "Status code, as 429", true),
  list("provider", "Provider", "", true),
  list("model", "Model", "Model name", true),
  list("apikey", "API key", "API key id", true),
  list("config", "Config", "Config slug"),
  list("vkey", "Virtual key", "Virtual key slug"),
  list("user", "User", "User"),
  list("cache", "Cache"),
  { name: "meta", label: "Metadata", kind: "pairs", free: "" },
  list("prompt", "Prompt", "Prompt slug"),
  list("trace", "Trace", "Trace id"),
  list("span", "Span", "Span id"),
  list("id", "Id", "Log id"),
  { name: "cost", label: "Cost", kind: "bounds", free: "", money: true, unit: " ($)", low: 0, step: "any" },
  tokens("tokens", "Tokens"),
  tokens("input", "Input tokens"),
  tokens("output", "Output tokens"),
  { name: "feedback", label: "Feedback", kind: "bounds", free: "", unit: "", low: -10, high: 10, step: "any" },
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
    prompt: seen((r) => r.metadata["_prompt"] ?? "").map(plain),
    meta: seen((r) => Object.entries(r.metadata).map(([k, v]) => packPair(k, v)).join(",")).flatMap(items).filter((v, i, all) => all.indexOf(v) === i).slice(0, 40).map(pairOption),
  };
}

const plain = (value: string): Option => ({ value, label: value });

interface SearchProps {
  noun: string;
  value: string;
  onChange: (q: string | undefined) => void;
  box: RefObject<HTMLInputElement | null> | undefined;
}

function SearchBox({ noun, value, onChange, box }: SearchProps) {
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
        aria-label={`Search ${noun}`}
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

function FacetButton({ facet, value, options, onChange }: { facet: Facet; value: string | undefined; options: Option[]; onChange: (value: string | undefined) => void }) {
  const { label } = facet;
  const text = value === undefined ? "" : valueLabel(facet, value, options);
  return (
    <span className={text ? "facet set" : "facet"}>
      <Popover
        label={`Filter by ${label.toLowerCase()}`}
        trigger={
          <Button>
            <span>{label}</span>
            {text && <strong className="truncate">{text}</strong>}
            <ChevronDown size={13} aria-hidden />
          </Button>
        }
      >
        <FacetBody facet={facet} value={value} options={options} onChange={onChange} />
      </Popover>
      {text && <IconButton icon={X} label={`Clear ${label.toLowerCase()} filter`} onClick={() => onChange(undefined)} />}
    </span>
  );
}

/** The filters that are asked for less often, behind one button. */
function MoreFacets({ facets: all, options, onChange }: { facets: Facet[]; options: Partial<Record<Restriction, Option[]>>; onChange: (name: Restriction, value: string | undefined) => void }) {
  const [open, setOpen] = useState(false);
  const [name, setName] = useState<Restriction>();
  const facet = all.find((f) => f.name === name);
  const show = (next: boolean) => {
    setOpen(next);
    if (!next) setName(undefined);
  };
  // One that was set has a button of its own from then on.
  const apply = (value: string | undefined) => {
    if (facet) onChange(facet.name, value);
    show(false);
  };
  return (
    <span className="facet">
      <Popover
        label="More filters"
        open={open}
        onOpenChange={show}
        trigger={
          <Button>
            <Plus size={13} aria-hidden />
            <span>Filter</span>
          </Button>
        }
      >
        {facet ? (
          <FacetBody facet={facet} value={undefined} options={options[facet.name] ?? []} onChange={apply} />
        ) : (
          <div className="facet-names">
            {all.map((f) => (
              <button key={f.name} type="button" className="menu-item" onClick={() => setName(f.name)}>
                {f.label}
              </button>
            ))}
          </div>
        )}
      </Popover>
    </span>
  );
}

interface BodyProps {
  facet: Facet;
  value: string | undefined;
  options: Option[];
  onChange: (value: string | undefined) => void;
}

function FacetBody({ facet, value, options, onChange }: BodyProps) {
  const { label, kind, free } = facet;
  if (kind === "bounds") return <BoundsForm facet={facet} value={value} onChange={onChange} />;
  const chosen = items(value);
  const shown = [...options, ...chosen.filter((v) => !options.some((o) => o.value === v)).map(kind === "pairs" ? pairOption : plain)];
  return (
    <>
      {kind === "pairs" && <PairForm onAdd={(pair) => onChange(withPair(value, pair))} />}
      {kind === "list" && free && <FreeValue label={free} onAdd={(v) => onChange(toggle(value, v))} />}
      <OptionList
        label={label}
        options={shown}
        chosen={chosen}
        onToggle={(v) => onChange(kind === "pairs" && !chosen.includes(v) ? withPair(value, v) : toggle(value, v))}
      />
    </>
  );
}

const pairOption = (value: string): Option => ({ value, label: unpackPair(value).join(" = ") });

// A key has one value: another one takes its place.
function withPair(value: string | undefined, pair: string): string {
  const key = unpackPair(pair)[0];
  return [...items(value).filter((p) => unpackPair(p)[0] !== key), pair].join(",");
}

function valueLabel({ kind, money }: Facet, value: string, options: Option[]): string {
  if (kind === "bounds") {
    const { min, max } = readBounds(value) ?? {};
    const [low, high] = [min, max].map((n) => (n === undefined ? "" : money ? `$${n}` : String(n)));
    return low && high ? `${low} to ${high}` : low ? `≥ ${low}` : `≤ ${high}`;
  }
  const names = items(value).map((v) => options.find((o) => o.value === v)?.label ?? (kind === "pairs" ? pairOption(v).label : v));
  return names.length > 2 ? `${names.length} chosen` : names.join(", ");
}

function BoundsForm({ facet: { unit, low, high, step }, value, onChange }: { facet: Facet; value: string | undefined; onChange: (value: string | undefined) => void }) {
  const { min, max } = readBounds(value) ?? {};
  const [problem, setProblem] = useState("");
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const form = new FormData(e.currentTarget);
    const [from, to] = [String(form.get("min")), String(form.get("max"))];
    if (from && to && Number(from) > Number(to)) return setProblem("The least must not be above the most.");
    setProblem("");
    onChange(from || to ? `${from}..${to}` : undefined);
  };
  return (
    <form className="form bounds-form" onSubmit={submit}>
      <div className="two-columns">
        <TextField label={`At least${unit}`} name="min" type="number" min={low} max={high} step={step} defaultValue={min} />
        <TextField label={`At most${unit}`} name="max" type="number" min={low} max={high} step={step} defaultValue={max} error={problem || undefined} />
      </div>
      <Button type="submit">Apply</Button>
    </form>
  );
}

function PairForm({ onAdd }: { onAdd: (pair: string) => void }) {
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const form = new FormData(e.currentTarget);
    const key = String(form.get("key")).trim();
    if (key !== "") onAdd(packPair(key, String(form.get("value")).trim()));
    e.currentTarget.reset();
  };
  return (
    <form className="free-value" onSubmit={submit}>
      <input name="key" className="input" placeholder="Key" aria-label="Metadata key" autoComplete="off" spellCheck={false} />
      <input name="value" className="input" placeholder="Value" aria-label="Metadata value" autoComplete="off" spellCheck={false} />
      <Button type="submit">Add</Button>
    </form>
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
