import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Plus, Waypoints } from "lucide-react";
import { configsQuery } from "../../api/queries.ts";
import { ago, fullTime } from "../../lib/time.ts";
import { Page } from "../../shell/page.tsx";
import { Command, Copyable } from "../../ui/copy.tsx";
import { ListSearch, matches } from "../../ui/list-search.tsx";
import { Empty, ErrorNotice, SkeletonRows } from "../../ui/states.tsx";

const route = getRouteApi("/shell/configs");

export function ConfigsPage() {
  const { q } = route.useSearch();
  const navigate = route.useNavigate();
  const configs = useQuery(configsQuery);
  const all = configs.data?.data ?? [];
  const shown = all.filter((c) => matches(q, c.name, c.slug));
  return (
    <Page
      title="Configs"
      subtitle="How requests are routed: load balance, fallback, retries, cache."
      actions={
        <Link className="button primary" to="/configs/new">
          <Plus size={15} aria-hidden />
          New config
        </Link>
      }
    >
      {configs.isError && <ErrorNotice error={configs.error} onRetry={() => void configs.refetch()} />}
      {configs.isSuccess && all.length === 0 ? (
        <NoConfigs />
      ) : (
        <>
          <ListSearch label="Find a config" value={q} onChange={(next) => void navigate({ search: next ? { q: next } : {}, replace: true })} />
          <div className="panel scroll">
            <table className="table">
              <caption className="sr-only">Configs</caption>
              <thead>
                <tr>
                  <th scope="col">Name</th>
                  <th scope="col">Slug</th>
                  <th scope="col" className="end">Saved</th>
                </tr>
              </thead>
              <tbody>
                {configs.isPending && <SkeletonRows rows={5} columns={3} />}
                {shown.map((c) => (
                  <tr key={c.id}>
                    <td>
                      <Link className="strong" to="/configs/$slug" params={{ slug: c.slug }}>
                        {c.name}
                      </Link>{" "}
                      {c.is_default === 1 && <span className="badge accent">default</span>}
                    </td>
                    <td>
                      <Copyable text={c.slug} label={`Copy slug of ${c.name}`} />
                    </td>
                    <td className="end num muted" title={fullTime(c.last_updated_at)}>
                      {ago(c.last_updated_at, new Date())}
                    </td>
                  </tr>
                ))}
                {configs.isSuccess && shown.length === 0 && (
                  <tr>
                    <td colSpan={3} className="muted">
                      No config matches “{q}”.
                    </td>
                  </tr>
                )}
              </tbody>
            </table>
          </div>
        </>
      )}
    </Page>
  );
}

function NoConfigs() {
  return (
    <Empty icon={Waypoints} title="No config yet">
      <p className="muted">A config says which providers may answer, in which order, and what to do when one fails. Make one here, or with the API:</p>
      <Command
        text={`curl ${location.origin}/v1/configs \\
  -H "x-portkey-api-key: $PORTICO_API_KEY" \\
  -H "content-type: application/json" \\
  -d '{"name": "Resilient chat", "config": {"strategy": {"mode": "fallback"}, "targets": [{"provider": "@main"}, {"provider": "@spare"}]}}'`}
      />
    </Empty>
  );
}
