import { useQuery } from "@tanstack/react-query";
import { SearchX, Terminal } from "lucide-react";
import { fetchLogs } from "../../api/queries.ts";
import type { Session } from "../../api/types.ts";
import { Button } from "../../ui/button.tsx";
import { Command } from "../../ui/copy.tsx";
import { Empty } from "../../ui/states.tsx";

/** Nothing to show: either nothing was ever asked, or the filters leave nothing. */
export function NoLogs({ session, filtered, onClear, onAllTime }: { session: Session; filtered: boolean; onClear: () => void; onAllTime: () => void }) {
  const any = useQuery({
    queryKey: ["logs-any"],
    queryFn: ({ signal }) => fetchLogs({ page_size: 1 }, signal),
    refetchInterval: (query) => (query.state.data?.total ? false : 2500),
  });
  if (any.isPending) return null;
  if (any.data && any.data.total === 0) return <FirstRequest demo={session.demo} />;
  return (
    <Empty icon={SearchX} title={filtered ? "No request matches these filters" : "No request in this time range"}>
      <p className="muted">There are requests outside of what is chosen above.</p>
      <div className="actions">
        {filtered && <Button onClick={onClear}>Clear the filters</Button>}
        <Button onClick={onAllTime}>Search all time</Button>
      </div>
    </Empty>
  );
}

function FirstRequest({ demo }: { demo: boolean }) {
  return (
    <Empty icon={Terminal} title="Send the first request">
      <p className="muted">It appears here while it is answered. The key is a workspace API key with the scope completions.write.</p>
      <Command text={firstCurl(location.origin, demo)} />
    </Empty>
  );
}

function firstCurl(origin: string, demo: boolean): string {
  const model = demo ? "@mock/mock-gpt" : "@VIRTUAL_KEY_SLUG/gpt-4o-mini";
  return `curl ${origin}/v1/chat/completions \\
  -H "x-portkey-api-key: $PORTICO_API_KEY" \\
  -H "content-type: application/json" \\
  -d '{"model": "${model}", "messages": [{"role": "user", "content": "Say hello"}]}'`;
}
