import { DatabaseZap, GitBranch, LifeBuoy, Radio, RotateCw, Split, type LucideIcon } from "lucide-react";
import type { LogRow } from "../../api/types.ts";

interface Mark {
  icon: LucideIcon;
  text: string;
  note?: string;
  tone?: string;
}

function marksOf(row: LogRow): Mark[] {
  const marks: Mark[] = [];
  const modes = row.mode.split(",");
  if (modes.includes("loadbalance")) marks.push({ icon: Split, text: "Load balanced" });
  if (modes.includes("conditional")) marks.push({ icon: GitBranch, text: "Routed by a condition" });
  if (row.fallback) marks.push({ icon: LifeBuoy, text: "Answered by a fallback", tone: "accent" });
  if (row.retry_success_count > 0) {
    const n = row.retry_success_count;
    marks.push({ icon: RotateCw, text: n === 1 ? "Retried once" : `Retried ${n} times`, note: String(n), tone: "warn" });
  }
  if (row.retry_success_count < 0) marks.push({ icon: RotateCw, text: "Retries exhausted", note: "✕", tone: "bad" });
  if (/HIT$/.test(row.cache_status)) {
    const semantic = row.cache_status.startsWith("SEMANTIC");
    marks.push({ icon: DatabaseZap, text: semantic ? "Semantic cache hit" : "Cache hit", note: semantic ? "≈" : "", tone: "good" });
  }
  if (row.stream_mode) marks.push({ icon: Radio, text: "Streamed" });
  return marks;
}

/** What happened on the way: small icons in the list, words in the detail. */
export function Marks({ row, words }: { row: LogRow; words?: boolean }) {
  return (
    <span className="marks">
      {marksOf(row).map(({ icon: Icon, text, note, tone }) => (
        <span key={text} className={["mark", tone, words && "badge"].filter(Boolean).join(" ")} title={text}>
          <Icon size={13} aria-hidden />
          {words ? text : <span className="sr-only">{text}</span>}
          {!words && note && (
            <span className="num" aria-hidden>
              {note}
            </span>
          )}
        </span>
      ))}
    </span>
  );
}
