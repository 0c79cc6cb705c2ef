import { count, plural } from "../../lib/format.ts";
import { items } from "../logs/filters.ts";

const values = Array.from({ length: 21 }, (_, i) => i - 10);

/** How often each value was given, as bars that choose it. */
export function Distribution({ totals, chosen, onToggle }: { totals: Map<number, number>; chosen: string | undefined; onToggle: (value: string) => void }) {
  const most = Math.max(...totals.values(), 1);
  const picked = items(chosen);
  return (
    <div className="distribution" role="group" aria-label="Feedback by value">
      {values.map((value) => {
        const n = totals.get(value) ?? 0;
        const label = value > 0 ? `+${value}` : String(value).replace("-", "−");
        return (
          <button
            key={value}
            type="button"
            className={value > 0 ? "good" : value < 0 ? "bad" : "even"}
            aria-pressed={picked.includes(String(value))}
            aria-label={`Value ${label}: ${plural(n, "time")}`}
            title={`${label}: ${plural(n, "time")}`}
            onClick={() => onToggle(String(value))}
          >
            <span className="num count" aria-hidden>
              {n > 0 && count(n)}
            </span>
            <span className="column" aria-hidden>
              <span style={{ height: `${(100 * n) / most}%` }} />
            </span>
            <span className="num" aria-hidden>
              {label}
            </span>
          </button>
        );
      })}
    </div>
  );
}
