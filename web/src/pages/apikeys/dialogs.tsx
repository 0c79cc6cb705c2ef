import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../../api/client.ts";
import { refresh, sessionQuery } from "../../api/queries.ts";
import type { Answer, ApiKey, ApiKeyType, NewApiKey } from "../../api/types.ts";
import { fullTime } from "../../lib/time.ts";
import { Confirm, Dialog } from "../../ui/dialog.tsx";
import { SecretOnce } from "../../ui/secret.tsx";
import { useToast } from "../../ui/toast.tsx";
import { KeyForm, type KeyBody } from "./form.tsx";

const path = (key: ApiKey): string => `/api-keys/${encodeURIComponent(key.id)}`;

export function CreateApiKey({ open, onClose }: { open: boolean; onClose: () => void }) {
  const client = useQueryClient();
  const workspace = useQuery(sessionQuery).data?.workspace?.id;
  const [made, setMade] = useState<NewApiKey & { type: ApiKeyType }>();
  const create = useMutation({
    mutationFn: ({ type, body }: { type: ApiKeyType; body: KeyBody }) => {
      const place = type.startsWith("workspace") ? { workspace_id: workspace } : {};
      return call<NewApiKey>("POST", `/api-keys/${type.replace("-", "/")}`, { body: { ...given(body), ...place } });
    },
    onSuccess: async (key, { type }) => {
      setMade({ ...key, type });
      await refresh(client, "api-keys");
    },
  });
  const close = () => {
    setMade(undefined);
    create.reset();
    onClose();
  };
  if (made) {
    const usage = made.type === "organisation-service" ? manage(made.key) : firstCall(made.key);
    return <SecretOnce title="API key created" secret={made.key} usage={usage} onClose={close} />;
  }
  return (
    <Dialog open={open} wide onClose={close} title="New API key">
      <KeyForm busy={create.isPending} error={create.error} action="Create API key" onCancel={close} onSubmit={(type, body) => create.mutate({ type, body })} />
    </Dialog>
  );
}

// A new key says only what was chosen; a changed one also says what was taken away.
function given({ defaults, expires_at, description, ...rest }: KeyBody): Partial<KeyBody> {
  return {
    ...rest,
    ...(description ? { description } : {}),
    ...(expires_at ? { expires_at } : {}),
    ...(defaults.config_id ? { defaults } : {}),
  };
}

const firstCall = (key: string): string => `export PORTICO_API_KEY=${key}
curl ${location.origin}/v1/chat/completions \\
  -H "x-portkey-api-key: $PORTICO_API_KEY" \\
  -H "content-type: application/json" \\
  -d '{"model": "@VIRTUAL_KEY_SLUG/gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello"}]}'`;

const manage = (key: string): string => `export PORTICO_ADMIN_KEY=${key}
curl ${location.origin}/v1/api-keys -H "x-portkey-api-key: $PORTICO_ADMIN_KEY"`;

export function EditApiKey({ target, onClose }: { target: ApiKey; onClose: () => void }) {
  const client = useQueryClient();
  const toast = useToast();
  const save = useMutation({
    mutationFn: (body: KeyBody) => call("PUT", path(target), { body }),
    onSuccess: async () => {
      await refresh(client, "api-keys");
      toast("API key saved");
      onClose();
    },
  });
  return (
    <Dialog open wide onClose={onClose} title={`Edit ${target.name}`}>
      <KeyForm existing={target} busy={save.isPending} error={save.error} action="Save" onCancel={onClose} onSubmit={(_, body) => save.mutate(body)} />
    </Dialog>
  );
}

export function RotateApiKey({ target, onClose }: { target: ApiKey | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const [made, setMade] = useState<Answer<"rotateApiKey">>();
  const rotate = async () => {
    if (!target) return;
    setMade(await call<Answer<"rotateApiKey">>("POST", `${path(target)}/rotate`, { body: {} }));
    await refresh(client, "api-keys");
  };
  if (made) {
    const note = `The old key works until ${fullTime(made.key_transition_expires_at)}.`;
    return <SecretOnce title="API key rotated" secret={made.key} note={note} onClose={() => setMade(undefined)} />;
  }
  return (
    <Confirm open={target !== undefined} onClose={onClose} title={`Rotate ${target?.name ?? ""}?`} action="Rotate key" onConfirm={rotate}>
      <p>A new key is made. The old one keeps working for the time of transition, so that it can be replaced without a gap.</p>
    </Confirm>
  );
}

export function DeleteApiKey({ target, onClose }: { target: ApiKey | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const toast = useToast();
  const remove = async () => {
    if (!target) return;
    await call("DELETE", path(target));
    await refresh(client, "api-keys");
    toast("API key deleted");
  };
  return (
    <Confirm open={target !== undefined} onClose={onClose} title={`Delete ${target?.name ?? ""}?`} action="Delete API key" onConfirm={remove}>
      <p>Whoever uses it is refused from then on. This cannot be undone.</p>
    </Confirm>
  );
}
