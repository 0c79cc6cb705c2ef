import { CalendarRange, ChevronDown } from "lucide-react";
import { useState, type FormEvent } from "react";
import { fromLocalInput, fullTime, toLocalInput } from "../../lib/time.ts";
import { Button } from "../../ui/button.tsx";
import { TextField } from "../../ui/field.tsx";
import { Popover } from "../../ui/popover.tsx";
import { defaultRange, ranges, type LogFilters } from "./filters.ts";

type Times = { range: string | undefined; from: string | undefined; to: string | undefined };

interface Props {
  filters: LogFilters;
  /** The range that is meant when none is given. */
  fallback?: string;
  onChange: (times: Times) => void;
}

export function RangePicker({ filters, fallback = defaultRange, onChange }: Props) {
  const [open, setOpen] = useState(false);
  const fixed = filters.from !== undefined || filters.to !== undefined;
  const current = filters.range ?? fallback;
  const choose = (times: Times) => {
    setOpen(false);
    onChange(times);
  };
  return (
    <Popover
      label="Time range"
      open={open}
      onOpenChange={setOpen}
      trigger={
        <Button icon={CalendarRange}>
          <span className="truncate num">{fixed ? fixedLabel(filters) : ranges[current]?.label}</span>
          <ChevronDown size={13} aria-hidden />
        </Button>
      }
    >
      <div className="range-picker">
        {Object.entries(ranges).map(([id, { label }]) => (
          <button
            key={id}
            type="button"
            className="menu-item"
            aria-pressed={!fixed && id === current}
            onClick={() => choose({ range: id === fallback ? undefined : id, from: undefined, to: undefined })}
          >
            {label}
          </button>
        ))}
        <CustomRange filters={filters} onChange={choose} />
      </div>
    </Popover>
  );
}

function CustomRange({ filters, onChange }: { filters: LogFilters; onChange: (times: Times) => void }) {
  const [problem, setProblem] = useState("");
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const form = new FormData(e.currentTarget);
    const from = fromLocalInput(String(form.get("from"))) || undefined;
    const to = fromLocalInput(String(form.get("to"))) || undefined;
    if (!from && !to) setProblem("Give a start, an end, or both.");
    else if (from && to && from >= to) setProblem("The start must be before the end.");
    else onChange({ range: undefined, from, to });
  };
  return (
    <form className="form custom-range" onSubmit={submit} noValidate>
      <TextField label="From" name="from" type="datetime-local" defaultValue={toLocalInput(filters.from ?? "")} />
      <TextField label="To" name="to" type="datetime-local" defaultValue={toLocalInput(filters.to ?? "")} error={problem || undefined} />
      <Button type="submit">Apply custom range</Button>
    </form>
  );
}

function fixedLabel({ from, to }: LogFilters): string {
  if (from && to) return `${fullTime(from)} – ${fullTime(to)}`;
  return from ? `Since ${fullTime(from)}` : `Until ${fullTime(to ?? "")}`;
}
