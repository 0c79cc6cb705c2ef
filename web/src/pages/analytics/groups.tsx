import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { dimensionOf } from "../../analytics/dimensions.ts";
import { useNames } from "../../analytics/names.ts";
import { groupsQuery } from "../../analytics/queries.ts";
import { GroupChart } from "./group-chart.tsx";
import { ByPicker, ColumnsPicker, MeasurePicker } from "./group-controls.tsx";
import { GroupTable } from "./group-table.tsx";
import { measureOf } from "./group-measures.ts";
import type { PartProps } from "./page.tsx";
import { columnsOf, pageSize, sortOf } from "./search.ts";

/** The requests of the range by anything they have: the largest groups over time, and all of them in a table. */
export function GroupsTab({ search, query, onZoom, onChange }: PartProps) {
  const dimension = useMemo(() => dimensionOf(search.by), [search.by]);
  const measure = measureOf(search.measure);
  const columns = columnsOf(search);
  const sort = sortOf(search);
  const page = Number(search.page ?? 1);
  const nameOf = useNames(dimension);
  const asked = useMemo(() => [...new Set([...columns, "unknown_costs"])], [columns]);
  const list = { page_size: String(pageSize), current_page: String(page - 1), order_by: sort.column, order_by_type: sort.rising ? "asc" : "desc" };
  const groups = useQuery(groupsQuery(dimension.path, query, asked, list));
  return (
    <div className="groups">
      <div className="toolbar">
        <ByPicker value={dimension.id} query={query} onChange={(by) => onChange({ by, page: undefined })} />
        <MeasurePicker value={measure.id} onChange={(id) => onChange({ measure: id })} />
        <ColumnsPicker columns={columns} onChange={(chosen) => onChange({ columns: chosen })} />
      </div>
      <GroupChart dimension={dimension} measure={measure} search={search} query={query} nameOf={nameOf} onZoom={onZoom} />
      <GroupTable dimension={dimension} columns={columns} sort={sort} page={page} groups={groups} search={search} nameOf={nameOf} onChange={onChange} />
    </div>
  );
}
