import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ScrollText, Trash2 } from "lucide-react";
import { useState } from "react";
import { call } from "../../api/client.ts";
import { configQuery, refresh } from "../../api/queries.ts";
import type { Config, Json } from "../../api/types.ts";
import { fullTime } from "../../lib/time.ts";
import { reindent } from "../../lib/json.ts";
import { Page } from "../../shell/page.tsx";
import { Button } from "../../ui/button.tsx";
import { Command, Copyable } from "../../ui/copy.tsx";
import { Confirm } from "../../ui/dialog.tsx";
import { TextField } from "../../ui/field.tsx";
import { ErrorNotice, SkeletonBlock } from "../../ui/states.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { useToast } from "../../ui/toast.tsx";
import { ConfigForm, DefaultCheck } from "./config-form.tsx";
import { LeaveGuard } from "./leave-guard.tsx";
import { useCheck } from "./use-check.ts";
import { Versions } from "./versions.tsx";

const route = getRouteApi("/shell/configs/$slug");

export function ConfigPage() {
  const { slug } = route.useParams();
  const config = useQuery(configQuery(slug));
  if (config.isPending) {
    return (
      <Page title="Config">
        <SkeletonBlock lines={10} />
      </Page>
    );
  }
  if (config.isError) {
    return (
      <Page title="Config">
        <ErrorNotice error={config.error} onRetry={() => void config.refetch()} />
      </Page>
    );
  }
  // A new version starts the editor over from what is saved now.
  return <Loaded key={config.data.version_id} config={config.data} />;
}

function Loaded({ config }: { config: Config }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [deleting, setDeleting] = useState(false);
  const draft = useDraft(config);
  const remove = useRemove(config, draft.reset);
  return (
    <Page
      title={config.name}
      subtitle={
        <>
          <Copyable text={config.slug} label="Copy slug" /> <span className="num">saved {fullTime(config.last_updated_at)}</span>
        </>
      }
      actions={
        <>
          <Link className="button ghost" to="/logs" search={{ config: config.slug }}>
            <ScrollText size={15} aria-hidden />
            Requests
          </Link>
          <Button icon={Trash2} onClick={() => setDeleting(true)}>
            Delete
          </Button>
          <Button variant="primary" busy={draft.save.isPending} disabled={!draft.dirty || draft.check.value === undefined || draft.name.trim() === ""} onClick={() => draft.save.mutate()}>
            Save
          </Button>
        </>
      }
    >
      <Tabs
        label="Parts of the config"
        value={search.tab ?? "editor"}
        onChange={(tab) => void navigate({ search: { tab: tab === "editor" ? undefined : tab } as typeof search, replace: true })}
        tabs={[
          { id: "editor", label: "Editor", content: () => <EditorTab draft={draft} slug={config.slug} /> },
          { id: "versions", label: "Versions", content: () => <Versions slug={config.slug} /> },
        ]}
      />
      <LeaveGuard dirty={draft.dirty && !draft.save.isPending} />
      <Confirm open={deleting} onClose={() => setDeleting(false)} title={`Delete ${config.name}?`} action="Delete config" onConfirm={remove}>
        <p>
          Requests and API keys that name <code>{config.slug}</code> are answered with an error from then on.
        </p>
      </Confirm>
    </Page>
  );
}

type Draft = ReturnType<typeof useDraft>;

function useDraft(config: Config) {
  const client = useQueryClient();
  const toast = useToast();
  const saved = reindent(config.config);
  const [name, setName] = useState(config.name);
  const [text, setText] = useState(saved);
  const [isDefault, setDefault] = useState(config.is_default === 1);
  const check = useCheck(text);
  const save = useMutation({
    mutationFn: () => call("PUT", `/configs/${encodeURIComponent(config.slug)}`, { body: { name: name.trim(), config: check.value as Json, isDefault } }),
    onSuccess: async () => {
      await refresh(client, "configs");
      toast("Config saved");
    },
  });
  const reset = () => {
    setName(config.name);
    setText(saved);
    setDefault(config.is_default === 1);
  };
  const dirty = text !== saved || name !== config.name || isDefault !== (config.is_default === 1);
  return { name, setName, text, setText, isDefault, setDefault, check, save, reset, dirty };
}

function useRemove(config: Config, forget: () => void): () => Promise<void> {
  const client = useQueryClient();
  const toast = useToast();
  const navigate = route.useNavigate();
  return async () => {
    await call("DELETE", `/configs/${encodeURIComponent(config.slug)}`);
    forget();
    toast("Config deleted");
    // Leaving first spares the page from asking for what is gone.
    setTimeout(() => void navigate({ to: "/configs", search: {} }).then(() => refresh(client, "configs")));
  };
}

function EditorTab({ draft, slug }: { draft: Draft; slug: string }) {
  return (
    <div className="stack tab-gap">
      <div className="config-name">
        <TextField label="Name" value={draft.name} maxLength={255} onChange={(e) => draft.setName(e.target.value)} />
        <DefaultCheck checked={draft.isDefault} onChange={draft.setDefault} />
      </div>
      {draft.save.isError && <ErrorNotice error={draft.save.error} />}
      <ConfigForm text={draft.text} onChange={draft.setText} check={draft.check} />
      <section className="stack">
        <h2>Use it</h2>
        <Command text={usage(slug)} />
      </section>
    </div>
  );
}

const usage = (slug: string): string => `curl ${location.origin}/v1/chat/completions \\
  -H "x-portkey-api-key: $PORTICO_API_KEY" \\
  -H "x-portkey-config: ${slug}" \\
  -H "content-type: application/json" \\
  -d '{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello"}]}'`;
