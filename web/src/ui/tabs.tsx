import { Tabs as Base } from "@base-ui/react/tabs";
import type { ReactNode } from "react";

export interface TabSpec {
  id: string;
  label: string;
  note?: ReactNode;
  content: () => ReactNode;
}

/** Tabs whose choice the caller keeps (in the address). Only the open one is rendered. */
export function Tabs({ tabs, value, onChange, label }: { tabs: TabSpec[]; value: string; onChange: (id: string) => void; label: string }) {
  return (
    <Base.Root className="tabs-root" value={value} onValueChange={(id: string) => onChange(id)}>
      <Base.List className="tabs" aria-label={label} activateOnFocus>
        {tabs.map((t) => (
          <Base.Tab key={t.id} className="tab" value={t.id}>
            {t.label}
            {t.note}
          </Base.Tab>
        ))}
      </Base.List>
      {tabs.map((t) => (
        <Base.Panel key={t.id} className="tab-panel" value={t.id}>
          {t.id === value && t.content()}
        </Base.Panel>
      ))}
    </Base.Root>
  );
}
