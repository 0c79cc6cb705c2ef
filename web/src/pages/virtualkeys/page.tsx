import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Ellipsis, Pencil, Plug, Plus, ScrollText, Trash2 } from "lucide-react";
import { useState } from "react";
import { call } from "../../api/client.ts";
import { providersQuery, refresh, virtualKeysQuery } from "../../api/queries.ts";
import type { VirtualKey } from "../../api/types.ts";
import { day, fullTime } from "../../lib/time.ts";
import { Page } from "../../shell/page.tsx";
import { Button, IconButton } from "../../ui/button.tsx";
import { Command, Copyable } from "../../ui/copy.tsx";
import { Confirm } from "../../ui/dialog.tsx";
import { ListSearch, matches } from "../../ui/list-search.tsx";
import { Menu, MenuItem } from "../../ui/menu.tsx";
import { Empty, ErrorNotice, SkeletonRows } from "../../ui/states.tsx";
import { useToast } from "../../ui/toast.tsx";
import { CreateVirtualKey } from "./create.tsx";
import { EditVirtualKey } from "./edit.tsx";

const route = getRouteApi("/shell/virtual-keys");

export function VirtualKeysPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const keys = useQuery(virtualKeysQuery);
  const [deleting, setDeleting] = useState<VirtualKey>();
  const all = keys.data?.data ?? [];
  const shown = all.filter((k) => matches(search.q, k.name, k.slug, k.provider, k.note));
  const go = (patch: Partial<Record<"q" | "new" | "edit", string | undefined>>) =>
    void navigate({ search: (old) => ({ ...old, ...patch }) as typeof search, replace: "q" in patch });
  return (
    <Page
      title="Virtual keys"
      subtitle="Provider credentials, sealed here and named by a slug, so that no application holds them."
      actions={
        <Button variant="primary" icon={Plus} onClick={() => go({ new: "1" })}>
          New virtual key
        </Button>
      }
    >
      {keys.isError && <ErrorNotice error={keys.error} onRetry={() => void keys.refetch()} />}
      {keys.isSuccess && all.length === 0 ? (
        <NoVirtualKeys />
      ) : (
        <>
          <ListSearch label="Find a virtual key" value={search.q} onChange={(q) => go({ q: q || undefined })} />
          <Table keys={shown} loading={keys.isPending} onEdit={(k) => go({ edit: k.slug })} onDelete={setDeleting} />
        </>
      )}
      <CreateVirtualKey open={search.new !== undefined} onClose={() => go({ new: undefined })} />
      {search.edit && <EditVirtualKey slug={search.edit} onClose={() => go({ edit: undefined })} />}
      <DeleteVirtualKey target={deleting} onClose={() => setDeleting(undefined)} />
    </Page>
  );
}

interface TableProps {
  keys: VirtualKey[];
  loading: boolean;
  onEdit: (key: VirtualKey) => void;
  onDelete: (key: VirtualKey) => void;
}

function Table({ keys, loading, onEdit, onDelete }: TableProps) {
  const navigate = route.useNavigate();
  const providers = useQuery(providersQuery).data?.data ?? [];
  const providerName = (id: string) => providers.find((p) => p.id === id)?.name ?? id;
  return (
    <div className="panel scroll">
      <table className="table">
        <caption className="sr-only">Virtual keys</caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Provider</th>
            <th scope="col">Slug</th>
            <th scope="col">Status</th>
            <th scope="col" className="end">Created</th>
            <th scope="col" className="end">
              <span className="sr-only">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {loading && <SkeletonRows rows={5} columns={6} />}
          {keys.map((k) => (
            <tr key={k.id}>
              <td>
                <span className="strong">{k.name}</span>
                {k.note && <p className="hint">{k.note}</p>}
              </td>
              <td>
                {providerName(k.provider)}
                {k.masked_api_key && <p className="hint mono">{k.masked_api_key}</p>}
              </td>
              <td>
                <Copyable text={k.slug} label={`Copy slug of ${k.name}`} />
              </td>
              <td>
                <span className={k.status === "active" ? "badge good" : "badge warn"}>{k.status.replace("_", " ")}</span>
              </td>
              <td className="end num muted" title={fullTime(k.created_at)}>
                {day(k.created_at)}
              </td>
              <td className="end">
                <Menu trigger={<IconButton icon={Ellipsis} label={`Actions for ${k.name}`} small />}>
                  <MenuItem icon={Pencil} onSelect={() => onEdit(k)}>
                    Edit or rotate
                  </MenuItem>
                  <MenuItem icon={ScrollText} onSelect={() => void navigate({ to: "/logs", search: { vkey: k.slug } })}>
                    Requests
                  </MenuItem>
                  <MenuItem icon={Trash2} danger onSelect={() => onDelete(k)}>
                    Delete
                  </MenuItem>
                </Menu>
              </td>
            </tr>
          ))}
          {!loading && keys.length === 0 && (
            <tr>
              <td colSpan={6} className="muted">
                None matches.
              </td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}

function DeleteVirtualKey({ target, onClose }: { target: VirtualKey | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const toast = useToast();
  const remove = async () => {
    await call("DELETE", `/virtual-keys/${encodeURIComponent(target?.slug ?? "")}`);
    await refresh(client, "virtual-keys");
    toast("Virtual key deleted");
  };
  return (
    <Confirm open={target !== undefined} onClose={onClose} title={`Delete ${target?.name ?? ""}?`} action="Delete virtual key" onConfirm={remove}>
      <p>
        The credential is erased. Configs and requests that name <code>{target?.slug}</code> fail from then on.
      </p>
    </Confirm>
  );
}

function NoVirtualKeys() {
  return (
    <Empty icon={Plug} title="No virtual key yet">
      <p className="muted">Store a provider's key once and name it by a slug in requests and configs. Make one here, or with the API:</p>
      <Command
        text={`curl ${location.origin}/v1/virtual-keys \\
  -H "x-portkey-api-key: $PORTICO_API_KEY" \\
  -H "content-type: application/json" \\
  -d '{"name": "OpenAI", "provider": "openai", "key": "'"$OPENAI_API_KEY"'"}'`}
      />
    </Empty>
  );
}
