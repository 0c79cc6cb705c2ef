import { Button } from "./button.tsx";
import { Command } from "./copy.tsx";
import { Dialog } from "./dialog.tsx";
import { Warning } from "./states.tsx";

interface SecretProps {
  title: string;
  secret: string;
  /** A command that uses the secret by way of a variable. */
  usage?: string;
  note?: string;
  onClose: () => void;
}

/** Shows a secret the only time that it can be shown. It closes by its button only. */
export function SecretOnce({ title, secret, usage, note, onClose }: SecretProps) {
  return (
    <Dialog open sticky title={title} onClose={onClose}>
      <div className="dialog-body">
        <Warning>Copy the key now. It is kept only as a digest and cannot be shown again.</Warning>
        <Command text={secret} label="Copy key" />
        {note && <p className="muted">{note}</p>}
        {usage && <Command text={usage} label="Copy first request" />}
      </div>
      <footer>
        <Button variant="primary" onClick={onClose}>
          I have copied it
        </Button>
      </footer>
    </Dialog>
  );
}
