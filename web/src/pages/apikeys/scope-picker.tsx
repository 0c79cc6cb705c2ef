import { useId } from "react";
import type { ApiKeyType } from "../../api/types.ts";
import { Button } from "../../ui/button.tsx";
import { Check } from "../../ui/field.tsx";
import { groupsFor, presets } from "./scopes.ts";

interface PickerProps {
  type: ApiKeyType;
  value: string[];
  onChange: (scopes: string[]) => void;
  error?: string | undefined;
}

/** Choosing what a key may do. */
export function ScopePicker({ type, value, onChange, error }: PickerProps) {
  const id = useId();
  const toggle = (scope: string) => onChange(value.includes(scope) ? value.filter((s) => s !== scope) : [...value, scope]);
  // Scopes that are not offered here were granted by other means; they are kept, and can be taken away.
  const offered = new Set(groupsFor(type).flatMap((g) => g.scopes));
  const others = value.filter((s) => !offered.has(s));
  const groups = [...groupsFor(type), ...(others.length > 0 ? [{ label: "Other", scopes: others }] : [])];
  return (
    <fieldset className="scope-picker" aria-describedby={error ? `${id}-error` : undefined}>
      <legend className="legend">
        Scopes <span className="muted num">{value.length} chosen</span>
      </legend>
      <div className="actions">
        {presets.map((p) => {
          const scopes = p.scopes(type);
          const on = scopes.length === value.length && scopes.every((s) => value.includes(s));
          return scopes.length === 0 ? null : (
            <Button key={p.id} small aria-pressed={on} onClick={() => onChange(scopes)}>
              {p.label}
            </Button>
          );
        })}
      </div>
      <div className="scope-groups">
        {groups.map((g) => (
          <fieldset key={g.label}>
            <legend>{g.label}</legend>
            {g.scopes.map((scope) => (
              <Check key={scope} label={<code>{scope}</code>} checked={value.includes(scope)} onChange={() => toggle(scope)} />
            ))}
          </fieldset>
        ))}
      </div>
      {error && (
        <p className="field-error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
    </fieldset>
  );
}
