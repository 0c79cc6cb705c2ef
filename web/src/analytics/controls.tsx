import { RefreshCw, ZoomOut } from "lucide-react";
import type { LogFilters } from "../pages/logs/filters.ts";
import { RangePicker } from "../pages/logs/range-picker.tsx";
import { Button, IconButton } from "../ui/button.tsx";
import { unzoom, type ZoomPatch } from "./zoom.ts";

interface ControlsProps {
  search: Pick<LogFilters, "range" | "from" | "to"> & { unzoomed?: string };
  onChange: (patch: ZoomPatch) => void;
  onRefresh: () => void;
}

/** The range of time, the way back from a zoom, and a look at what is new. */
export function PeriodControls({ search, onChange, onRefresh }: ControlsProps) {
  return (
    <>
      {search.unzoomed !== undefined && (
        <Button icon={ZoomOut} onClick={() => onChange(unzoom(search))}>
          Reset zoom
        </Button>
      )}
      <IconButton icon={RefreshCw} label="Refresh" variant="secondary" onClick={onRefresh} />
      <RangePicker filters={search} onChange={(times) => onChange({ ...times, unzoomed: undefined })} />
    </>
  );
}
