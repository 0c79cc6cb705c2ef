import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { useRef, useState, type ReactNode } from "react";
import { Button, IconButton } from "./button.tsx";
import { ErrorNotice } from "./states.tsx";

interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  description?: ReactNode;
  wide?: boolean;
  /** Stays open on Escape and on a press outside, so that what it shows cannot be lost by accident. */
  sticky?: boolean;
  children: ReactNode;
}

/** A modal dialog: focus goes in, stays in, and comes back. */
export function Dialog({ open, onClose, title, description, wide, sticky, children }: DialogProps) {
  const popup = useRef<HTMLDivElement>(null);
  const firstField = () => popup.current?.querySelector<HTMLElement>("input:not([type=radio]), input:checked, select, textarea") ?? true;
  return (
    <Base.Root
      open={open}
      disablePointerDismissal={sticky ?? false}
      onOpenChange={(next, details) => {
        if (next || (sticky && details.reason === "escape-key")) return;
        onClose();
      }}
    >
      <Base.Portal>
        <Base.Backdrop className="backdrop" />
        <Base.Popup ref={popup} initialFocus={firstField} className={wide ? "dialog wide" : "dialog"}>
          <header>
            <Base.Title>{title}</Base.Title>
            <Base.Close render={<IconButton icon={X} label="Close" small />} />
          </header>
          {description && <Base.Description className="dialog-description">{description}</Base.Description>}
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

interface ConfirmProps {
  open: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  action: string;
  /** Does it; a rejection is shown and the dialog stays. */
  onConfirm: () => Promise<void>;
}

/** Asks before something that cannot be undone. */
export function Confirm({ open, onClose, title, children, action, onConfirm }: ConfirmProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const close = () => {
    setError(null);
    onClose();
  };
  const confirm = async () => {
    setBusy(true);
    setError(null);
    try {
      await onConfirm();
      close();
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog open={open} onClose={close} title={title}>
      <div className="dialog-body">
        <div>{children}</div>
        {error !== null && <ErrorNotice error={error} />}
      </div>
      <footer>
        <Button onClick={close}>Cancel</Button>
        <Button variant="danger" busy={busy} onClick={() => void confirm()}>
          {action}
        </Button>
      </footer>
    </Dialog>
  );
}
