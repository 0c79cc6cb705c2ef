/** Puts each row of values on those before it; what is not known has no height. */
export function stack(rows: (number | null)[][]): number[][] {
  let below: number[] = [];
  return rows.map((row) => (below = row.map((value, i) => (value ?? 0) + (below[i] ?? 0))));
}
