import { useMemo, type ReactNode } from "react";

const token = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;

// Colouring costs an element per token, which a body of megabytes cannot afford.
const limit = 120_000;

/** JSON (or any) text in a scrolling block, coloured while it is not huge. */
export function JsonView({ text, label, wrap = true }: { text: string; label: string; wrap?: boolean }) {
  const shown = useMemo(() => (text.length > limit ? text : colour(text)), [text]);
  return (
    <pre className={wrap ? "code wrap" : "code"} tabIndex={0} role="region" aria-label={label}>
      {shown}
    </pre>
  );
}

function colour(text: string): ReactNode[] {
  const out: ReactNode[] = [];
  let last = 0;
  for (const match of text.matchAll(token)) {
    out.push(text.slice(last, match.index));
    last = match.index + match[0].length;
    const [all, quoted, colon, word] = match;
    const kind = quoted ? (colon ? "tok-key" : "tok-string") : word ? "tok-word" : "tok-number";
    out.push(
      <span key={match.index} className={kind}>
        {quoted ?? all}
      </span>,
      colon,
    );
  }
  out.push(text.slice(last));
  return out;
}
