import { useState } from "react";
import { Dialog } from "../ui/dialog.tsx";
import { useShortcuts } from "./shortcuts.ts";

const keys: [keys: string[], what: string][] = [
  [["Ctrl", "K"], "Jump to a page, a config, or a log by its id"],
  [["/"], "Search the list"],
  [["j"], "Next log"],
  [["k"], "Previous log"],
  [["Enter"], "Open the log"],
  [["Esc"], "Close the log"],
  [["x"], "Choose the log for a comparison"],
  [["c"], "Compare the two that are chosen"],
  [["←", "→"], "Move in a graph; with Shift select, Enter zooms"],
  [["?"], "Show these keys"],
];

/** The keys of the console, listed on `?`. */
export function KeyboardHelp() {
  const [open, setOpen] = useState(false);
  useShortcuts({ "?": () => setOpen(true) });
  return (
    <Dialog open={open} onClose={() => setOpen(false)} title="Keyboard">
      <dl className="dialog-body key-list">
        {keys.map(([names, what]) => (
          <div key={what}>
            <dt>
              {names.map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
