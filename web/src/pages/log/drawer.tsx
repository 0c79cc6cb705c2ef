import { Link } from "@tanstack/react-router";
import { Maximize2, X } from "lucide-react";
import { useEffect, useRef } from "react";
import { IconButton } from "../../ui/button.tsx";
import { LogView } from "./view.tsx";

interface DrawerProps {
  id: string;
  tab: string | undefined;
  onTab: (tab: string) => void;
  onClose: () => void;
}

/** One log beside the list. It takes the focus when it opens and gives it back to its row. */
export function LogDrawer({ id, tab, onTab, onClose }: DrawerProps) {
  const box = useRef<HTMLElement>(null);
  const last = useRef(id);
  useEffect(() => {
    last.current = id;
    box.current?.scrollTo(0, 0);
  }, [id]);
  useEffect(() => {
    box.current?.focus({ preventScroll: true });
    return () => document.querySelector<HTMLElement>(`#log-${CSS.escape(last.current)} a, #log-${CSS.escape(last.current)}[tabindex]`)?.focus({ preventScroll: true });
  }, []);
  return (
    <aside className="drawer" aria-label="Log detail" tabIndex={-1} ref={box}>
      <LogView
        id={id}
        tab={tab}
        onTab={onTab}
        heading="h2"
        actions={
          <>
            <Link className="button ghost icon small" to="/logs/$id" params={{ id }} search={tab ? { tab } : {}} title="Open as a page" aria-label="Open as a page">
              <Maximize2 size={14} aria-hidden />
            </Link>
            <IconButton icon={X} label="Close (Esc)" small onClick={onClose} />
          </>
        }
      />
    </aside>
  );
}
