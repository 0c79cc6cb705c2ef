// Times are kept and sent in UTC and shown in the reader's zone.

const sameDay = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const otherDay = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit" });
const full = new Intl.DateTimeFormat("en-GB", {
  day: "2-digit",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
});
const dateOnly = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** "13:05:09" today, "23 Nov, 13:05" on another day. */
export function clock(iso: string, now: Date): string {
  const at = new Date(iso);
  return at.toDateString() === now.toDateString() ? sameDay.format(at) : otherDay.format(at);
}

/** "24 Nov 2026, 13:05:09 UTC". */
export const fullTime = (iso: string): string => full.format(new Date(iso));

/** "24 Nov 2026". */
export const day = (iso: string): string => dateOnly.format(new Date(iso));

const steps: [limit: number, unit: number, name: string][] = [
  [60, 1, "s"],
  [3600, 60, "min"],
  [86_400, 3600, "h"],
  [Infinity, 86_400, "d"],
];

/** "4 s ago", "12 min ago", "3 d ago"; "in 3 d" for what is to come. */
export function ago(iso: string, now: Date): string {
  const seconds = Math.round((now.getTime() - new Date(iso).getTime()) / 1000);
  if (Math.abs(seconds) < 2) return "now";
  for (const [limit, unit, name] of steps) {
    if (Math.abs(seconds) < limit) {
      const n = Math.floor(Math.abs(seconds) / unit);
      return seconds < 0 ? `in ${n} ${name}` : `${n} ${name} ago`;
    }
  }
  return "";
}

/** The value of an <input type="datetime-local"> for a time, in the reader's zone. */
export function toLocalInput(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** The time that an <input type="datetime-local"> names; "" when it names none. */
export function fromLocalInput(value: string): string {
  const at = new Date(value);
  return value === "" || Number.isNaN(at.getTime()) ? "" : at.toISOString();
}
