import { Combobox as Base } from "@base-ui/react/combobox";
import { Check, ChevronsUpDown } from "lucide-react";
import { Field, type Common } from "./field.tsx";
import { matches } from "./list-search.tsx";

export interface Choice {
  value: string;
  label: string;
  /** What also finds it, shown beside the label. */
  hint: string;
}

interface ComboProps extends Common {
  name: string;
  choices: Choice[];
  value: string;
  autoFocus?: boolean;
  onChange: (value: string) => void;
}

/** A choice among many: typing narrows the list, arrows and Enter choose, Escape leaves it as it was. */
export function ComboField({ name, choices, value, autoFocus, onChange, ...common }: ComboProps) {
  const chosen = choices.find((c) => c.value === value) ?? null;
  return (
    <Field {...common}>
      {(wiring) => (
        <Base.Root
          items={choices}
          value={chosen}
          onValueChange={(next) => next && onChange(next.value)}
          itemToStringLabel={(c: Choice) => c.label}
          itemToStringValue={(c: Choice) => c.value}
          filter={(c: Choice, q) => matches(q, c.label, c.hint)}
          autoHighlight
          name={name}
        >
          <div className="combo">
            <Base.Input className="input" autoFocus={autoFocus} spellCheck={false} onFocus={(e) => e.target.select()} {...wiring} />
            <Base.Trigger className="combo-open" aria-label={`All: ${common.label}`} tabIndex={-1}>
              <ChevronsUpDown size={14} aria-hidden />
            </Base.Trigger>
          </div>
          <Base.Portal>
            <Base.Positioner sideOffset={4} align="start" collisionPadding={8} className="combo-positioner">
              <Base.Popup className="popup combo-popup">
                <Base.Empty className="combo-none muted">Nothing matches. Any host that speaks OpenAI’s format is OpenAI with a base URL.</Base.Empty>
                <Base.List>
                  {(c: Choice) => (
                    <Base.Item key={c.value} value={c} className="menu-item">
                      <span className="truncate">{c.label}</span>
                      <span className="muted truncate">{c.hint}</span>
                      <Base.ItemIndicator render={<Check size={14} aria-hidden />} />
                    </Base.Item>
                  )}
                </Base.List>
              </Base.Popup>
            </Base.Positioner>
          </Base.Portal>
        </Base.Root>
      )}
    </Field>
  );
}
