// Times of graphs, in seconds since 1970, as uPlot has them; shown in the reader's zone.

/** What a graph is divided into. */
export interface Buckets {
  /** Where each begins. */
  starts: number[];
  /** Where the last one ends. */
  end: number;
}

const day = 86_400;
const withYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const withMinutes = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit" });
const dayOnly = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const monthOnly = new Intl.DateTimeFormat("en-GB", { month: "short", year: "numeric" });
const minutes = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/** When a bucket is: "24 Nov 2026" if it has a day or more, else "24 Nov, 13:05". */
export function bucketTime({ starts, end }: Buckets, index: number): string {
  const start = starts[index]!;
  const length = (starts[index + 1] ?? end) - start;
  const before = index > 0 ? start - starts[index - 1]! : length;
  return (Math.max(length, before) < day * 0.9 ? withMinutes : withYear).format(start * 1000);
}

/** The labels of a time axis whose ticks are so many seconds apart; the date is told once a day. */
export function axisTime(at: number[], step: number): string[] {
  let last = "";
  return at.map((seconds) => {
    const time = new Date(seconds * 1000);
    if (step >= 28 * day) return monthOnly.format(time);
    if (step >= day) return dayOnly.format(time);
    const date = dayOnly.format(time);
    const text = last !== "" && date !== last ? date : minutes.format(time);
    last = date;
    return text;
  });
}
