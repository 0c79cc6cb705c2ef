import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Ellipsis, KeyRound, Pencil, Plus, RefreshCw, ScrollText, Trash2 } from "lucide-react";
import { useState } from "react";
import { apiKeysQuery } from "../../api/queries.ts";
import type { ApiKey } from "../../api/types.ts";
import { plural } from "../../lib/format.ts";
import { ago, day, fullTime } from "../../lib/time.ts";
import { Page } from "../../shell/page.tsx";
import { Button, IconButton } from "../../ui/button.tsx";
import { Command } from "../../ui/copy.tsx";
import { ListSearch, matches } from "../../ui/list-search.tsx";
import { Menu, MenuItem } from "../../ui/menu.tsx";
import { Empty, ErrorNotice, SkeletonRows } from "../../ui/states.tsx";
import { CreateApiKey, DeleteApiKey, EditApiKey, RotateApiKey } from "./dialogs.tsx";
import { typeLabel } from "./form.tsx";

const route = getRouteApi("/shell/api-keys");

export function ApiKeysPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const keys = useQuery(apiKeysQuery);
  const [rotating, setRotating] = useState<ApiKey>();
  const [deleting, setDeleting] = useState<ApiKey>();
  const all = keys.data?.data ?? [];
  const shown = all.filter((k) => matches(search.q, k.name, k.description, k.type, k.id));
  const editing = all.find((k) => k.id === search.edit);
  const go = (patch: Partial<Record<"q" | "new" | "edit", string | undefined>>) =>
    void navigate({ search: (old) => ({ ...old, ...patch }) as typeof search, replace: "q" in patch });
  return (
    <Page
      title="API keys"
      subtitle="What applications and people show to Portico."
      actions={
        <Button variant="primary" icon={Plus} onClick={() => go({ new: "1" })}>
          New API key
        </Button>
      }
    >
      {keys.isError && <ErrorNotice error={keys.error} onRetry={() => void keys.refetch()} />}
      {keys.isSuccess && all.length === 0 ? (
        <NoApiKeys />
      ) : (
        <>
          <ListSearch label="Find an API key" value={search.q} onChange={(q) => go({ q: q || undefined })} />
          <div className="panel scroll">
            <table className="table">
              <caption className="sr-only">API keys</caption>
              <thead>
                <tr>
                  <th scope="col">Name</th>
                  <th scope="col">Key</th>
                  <th scope="col">Kind</th>
                  <th scope="col">Scopes</th>
                  <th scope="col">Status</th>
                  <th scope="col" className="end">Created</th>
                  <th scope="col" className="end">
                    <span className="sr-only">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {keys.isPending && <SkeletonRows rows={5} columns={7} />}
                {shown.map((k) => (
                  <Row key={k.id} apiKey={k} onEdit={() => go({ edit: k.id })} onRotate={() => setRotating(k)} onDelete={() => setDeleting(k)} />
                ))}
                {keys.isSuccess && shown.length === 0 && (
                  <tr>
                    <td colSpan={7} className="muted">
                      None matches.
                    </td>
                  </tr>
                )}
              </tbody>
            </table>
          </div>
        </>
      )}
      <CreateApiKey open={search.new !== undefined} onClose={() => go({ new: undefined })} />
      {editing && <EditApiKey target={editing} onClose={() => go({ edit: undefined })} />}
      <RotateApiKey target={rotating} onClose={() => setRotating(undefined)} />
      <DeleteApiKey target={deleting} onClose={() => setDeleting(undefined)} />
    </Page>
  );
}

interface RowProps {
  apiKey: ApiKey;
  onEdit: () => void;
  onRotate: () => void;
  onDelete: () => void;
}

function Row({ apiKey: k, onEdit, onRotate, onDelete }: RowProps) {
  const navigate = route.useNavigate();
  return (
    <tr>
      <td>
        <span className="strong">{k.name}</span>
        <p className="hint">{[k.description, k.defaults.config_id && `config ${k.defaults.config_id}`].filter(Boolean).join(" · ")}</p>
      </td>
      <td>
        <code className="muted">{k.key}</code>
        {k.key_transition_expires_at && (
          <p className="hint num" title={fullTime(k.key_transition_expires_at)}>
            old value ends {ago(k.key_transition_expires_at, new Date())}
          </p>
        )}
      </td>
      <td>{typeLabel(k.type)}</td>
      <td>
        <span className="num" title={k.scopes.join("\n")}>
          {k.scopes.length <= 2 ? k.scopes.join(", ") : plural(k.scopes.length, "scope")}
        </span>
      </td>
      <td>
        <span className={k.status === "active" ? "badge good" : "badge warn"}>{k.status}</span>
        {k.expires_at && (
          <p className="hint num" title={fullTime(k.expires_at)}>
            expires {ago(k.expires_at, new Date())}
          </p>
        )}
      </td>
      <td className="end num muted" title={fullTime(k.created_at)}>
        {day(k.created_at)}
      </td>
      <td className="end">
        <Menu trigger={<IconButton icon={Ellipsis} label={`Actions for ${k.name}`} small />}>
          <MenuItem icon={Pencil} onSelect={onEdit}>
            Edit
          </MenuItem>
          <MenuItem icon={RefreshCw} onSelect={onRotate}>
            Rotate
          </MenuItem>
          <MenuItem icon={ScrollText} onSelect={() => void navigate({ to: "/logs", search: { apikey: k.id } })}>
            Requests
          </MenuItem>
          <MenuItem icon={Trash2} danger onSelect={onDelete}>
            Delete
          </MenuItem>
        </Menu>
      </td>
    </tr>
  );
}

function NoApiKeys() {
  return (
    <Empty icon={KeyRound} title="No API key yet">
      <p className="muted">An application needs a workspace key to call models. Make one here, or with the organisation's admin key:</p>
      <Command
        text={`curl ${location.origin}/v1/api-keys/workspace/service \\
  -H "x-portkey-api-key: $PORTICO_ADMIN_KEY" \\
  -H "content-type: application/json" \\
  -d '{"name": "checkout service", "scopes": ["completions.write", "logs.write"]}'`}
      />
    </Empty>
  );
}
