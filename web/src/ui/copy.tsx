import { Check, Copy } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";

/** Copies a text and says so. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  const Icon = copied ? Check : Copy;
  return (
    <button
      type="button"
      className="copy"
      title={label}
      aria-label={copied ? "Copied" : label}
      onClick={(e) => {
        e.stopPropagation();
        void copyText(text).then(setCopied);
      }}
    >
      <Icon size={13} aria-hidden />
    </button>
  );
}

/** A value with a button that copies it. */
export function Copyable({ text, label, children }: { text: string; label: string; children?: ReactNode }) {
  return (
    <span className="copyable">
      {children ?? <code className="truncate">{text}</code>}
      <CopyButton text={text} label={label} />
    </span>
  );
}

/** A command to paste into a shell. */
export function Command({ text, label = "Copy command" }: { text: string; label?: string }) {
  return (
    <div className="command">
      <pre tabIndex={0} role="region" aria-label={label.replace(/^Copy /, "")}>
        {text}
      </pre>
      <CopyButton text={text} label={label} />
    </div>
  );
}

/** Puts a text on the clipboard; false when the browser refuses. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

// Over plain http the clipboard API does not exist.
function copyBySelection(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "sr-only";
  document.body.append(area);
  area.select();
  const ok = document.execCommand("copy");
  area.remove();
  return ok;
}
