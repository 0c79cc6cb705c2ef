import { Ban, CircleCheck, CircleX, DoorOpen, Scissors, ZapOff, type LucideIcon } from "lucide-react";
import type { LogRow, LogState } from "../../api/types.ts";
import { states } from "./filters.ts";

const looks: Record<LogState, { icon: LucideIcon; tone: string }> = {
  success: { icon: CircleCheck, tone: "good" },
  error: { icon: CircleX, tone: "bad" },
  refused: { icon: Ban, tone: "warn" },
  truncated: { icon: Scissors, tone: "bad" },
  client_gone: { icon: DoorOpen, tone: "warn" },
  interrupted: { icon: ZapOff, tone: "bad" },
};

/** How a request ended: an icon, the status code, and in words unless it is a plain success. */
export function LogStatus({ row, full }: { row: Pick<LogRow, "status" | "response_status_code">; full?: boolean }) {
  const { icon: Icon, tone } = looks[row.status] ?? looks.error;
  const name = states[row.status] ?? row.status;
  return (
    <span className={`status ${tone}`}>
      <Icon size={14} aria-hidden />
      {row.response_status_code > 0 && <span className="num">{row.response_status_code}</span>}
      <span className={row.status === "success" && !full ? "sr-only" : "truncate"}>{name}</span>
    </span>
  );
}
