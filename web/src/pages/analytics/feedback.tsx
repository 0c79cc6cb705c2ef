import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { bucketsOf, graphQuery, loading } from "../../analytics/queries.ts";
import { decimal } from "../../analytics/figures.ts";
import { Bars } from "../../charts/bars.tsx";
import { Chart } from "../../charts/chart.tsx";
import type { Line } from "../../charts/plot.tsx";
import { compact, count } from "../../lib/format.ts";
import type { PartProps } from "./page.tsx";

const none = "No trace of this range has feedback.";

/** Feedback over time, by score and by model. */
export function FeedbackGraphs({ query, search, onZoom }: PartProps) {
  const feedbacks = useQuery(graphQuery("feedbacks", query));
  const weighted = useQuery(graphQuery("feedbacks/weighted", query));
  const scores = useQuery(graphQuery("feedbacks/scores", query));
  const models = useQuery(graphQuery("feedbacks/ai-models", query));
  const points = feedbacks.data?.data_points;
  const buckets = useMemo(() => bucketsOf(points, query), [points, query]);
  const counts = useMemo((): Line[] => [{ label: "Feedback", values: (points ?? []).map((p) => p.total), whole: count(feedbacks.data?.summary.total ?? 0) }], [points, feedbacks.data]);
  // A mean of 0 is one; that of no feedback is none.
  const means = useMemo(
    (): Line[] => [{ label: "Weighted mean", values: (weighted.data?.data_points ?? []).map((p, i) => (points?.[i]?.total ? p.avg : null)), whole: decimal(weighted.data?.summary.avg ?? 0) }],
    [weighted.data, points],
  );
  const common = { buckets, onZoom, nothing: none };
  return (
    <div className="charts">
      <Chart id="feedbacks" title="Feedback" shape="bars" format={compact} lines={counts} loading={loading(feedbacks)} {...common} />
      <Chart id="weighted" title="Weighted mean" note="value × weight, -10 to 10" zeroes shape="lines" format={decimal} lines={means} loading={loading(weighted, feedbacks)} {...common} />
      <Bars
        id="scores"
        title="Scores"
        of="Score"
        columns={["Feedback"]}
        nothing={none}
        loading={loading(scores)}
        rows={(scores.data?.data_points ?? []).map((s) => ({ key: String(s.score), name: String(s.score), size: s.total, figures: [count(s.total)], to: null }))}
      />
      <Bars
        id="models"
        title="Feedback by model"
        of="Model"
        columns={["Feedback", "Weighted mean"]}
        nothing={none}
        loading={loading(models)}
        rows={(models.data?.data_points ?? []).map((m) => ({
          key: m.ai_model,
          name: m.ai_model,
          size: m.total,
          figures: [count(m.total), decimal(m.avg_weighted_feedback)],
          to: m.ai_model.includes(",") ? null : { ...search, model: m.ai_model, feedback: "-10..10" },
        }))}
      />
    </div>
  );
}
