import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { History } from "lucide-react";
import { call } from "../../api/client.ts";
import { configVersionsQuery, refresh } from "../../api/queries.ts";
import type { Config } from "../../api/types.ts";
import { JsonDiff } from "../../editor/json-diff.tsx";
import { parse, reindent } from "../../lib/json.ts";
import { fullTime } from "../../lib/time.ts";
import { Button } from "../../ui/button.tsx";
import { ErrorNotice, SkeletonBlock } from "../../ui/states.tsx";
import { useToast } from "../../ui/toast.tsx";

const route = getRouteApi("/shell/configs/$slug");

/** Every version of a config, what each one changed, and the way back to it. */
export function Versions({ slug }: { slug: string }) {
  const versions = useQuery(configVersionsQuery(slug));
  const { version, diff } = route.useSearch();
  const navigate = route.useNavigate();
  if (versions.isPending) return <SkeletonBlock lines={6} />;
  if (versions.isError) return <ErrorNotice error={versions.error} onRetry={() => void versions.refetch()} />;
  const all = versions.data.data;
  const at = Math.max(0, all.findIndex((v) => v.version_id === version));
  const chosen = all[at];
  if (!chosen) return <p className="muted tab-gap">No version is kept.</p>;
  const go = (patch: { version?: string; diff?: string }) => void navigate({ search: (old) => ({ ...old, ...patch }), replace: true });
  return (
    <div className="versions tab-gap">
      <ol aria-label="Versions, newest first">
        {all.map((v, i) => (
          <li key={v.version_id}>
            <button type="button" className="version-item" aria-current={i === at || undefined} onClick={() => go({ version: v.version_id })}>
              <span className="num">{fullTime(v.version_created_at)}</span>
              <span className="muted">
                Version {v.version}
                {i === 0 && ", current"}
              </span>
            </button>
          </li>
        ))}
      </ol>
      <Comparison slug={slug} chosen={chosen} previous={all[at + 1]} current={at === 0} split={diff === "split"} onSplit={(on) => go({ diff: on ? "split" : "inline" })} />
    </div>
  );
}

interface ComparisonProps {
  slug: string;
  chosen: Config;
  previous: Config | undefined;
  current: boolean;
  split: boolean;
  onSplit: (on: boolean) => void;
}

function Comparison({ slug, chosen, previous, current, split, onSplit }: ComparisonProps) {
  const client = useQueryClient();
  const toast = useToast();
  const restore = useMutation({
    mutationFn: () => call("PUT", `/configs/${encodeURIComponent(slug)}`, { body: { name: chosen.name, config: parse(chosen.config) } }),
    onSuccess: async () => {
      await refresh(client, "configs");
      toast(`Version ${chosen.version} is current again`);
    },
  });
  return (
    <section className="stack" aria-label={`Version ${chosen.version}`}>
      <div className="toolbar">
        <h2>{previous ? `Changes of version ${chosen.version}` : "The first version"}</h2>
        <span className="spacer" />
        <Button small aria-pressed={split} onClick={() => onSplit(!split)}>
          Side by side
        </Button>
        {!current && (
          <Button small icon={History} busy={restore.isPending} onClick={() => restore.mutate()}>
            Restore this version
          </Button>
        )}
      </div>
      {restore.isError && <ErrorNotice error={restore.error} />}
      <JsonDiff label={`Version ${chosen.version}`} before={reindent((previous ?? chosen).config)} after={reindent(chosen.config)} split={split} />
    </section>
  );
}
