// How figures are written. A figure that is not known is never written as 0.

const whole = new Intl.NumberFormat("en-US");
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
/** 1234567 → "1,234,567". */
export const count = (n: number): string => whole.format(n);

/** 1234567 → "1.2M"; up to 9,999 in full. */
export const compact = (n: number): string => (Math.abs(n) < 10_000 ? whole.format(n) : short.format(n));

/** Writes a cost given in nano-dollars, short enough for a column; a small one is never written as 0. */
export function cost(nano: number | null | undefined): string {
  if (nano === null || nano === undefined) return "unknown";
  if (nano === 0) return "$0";
  const dollars = nano / 1e9;
  if (dollars >= 1) return "$" + dollars.toFixed(2).replace(/\B(?=(\d{3})+\.)/g, ",");
  if (dollars >= 0.01) return "$" + dollars.toFixed(4);
  if (dollars < 0.00001) return "<$0.00001";
  return "$" + Number(dollars.toPrecision(2)).toFixed(9).replace(/0+$/, "");
}

/** The exact cost, all nine digits that are kept, for a receipt. */
export function exactCost(nano: number | null | undefined): string {
  if (nano === null || nano === undefined) return "unknown";
  const sign = nano < 0 ? "-" : "";
  const digits = String(Math.abs(nano)).padStart(10, "0");
  const fraction = digits.slice(-9).replace(/0+$/, "");
  return `${sign}$${digits.slice(0, -9)}${fraction && "." + fraction}`;
}

/** Writes a duration given in milliseconds: "8 ms", "1.24 s", "2 m 03 s". */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return "–";
  if (ms < 1) return ms === 0 ? "0 ms" : "<1 ms";
  if (ms < 999.5) return Math.round(ms) + " ms";
  if (ms < 9_995) return (ms / 1000).toFixed(2) + " s";
  if (ms < 59_950) return (ms / 1000).toFixed(1) + " s";
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} m ${String(seconds % 60).padStart(2, "0")} s`;
}

/** 1536 → "1.5 kB". */
export function bytes(n: number): string {
  if (n < 1000) return n + " B";
  if (n < 1e6) return (n / 1000).toFixed(1) + " kB";
  return (n / 1e6).toFixed(1) + " MB";
}

/** "1 request", "2 requests". */
export const plural = (n: number, noun: string): string => `${count(n)} ${noun}${n === 1 ? "" : "s"}`;
