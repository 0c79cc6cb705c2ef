import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { ApiError, call } from "../../api/client.ts";
import { refresh } from "../../api/queries.ts";
import type { Answer } from "../../api/types.ts";
import { Page } from "../../shell/page.tsx";
import { Button } from "../../ui/button.tsx";
import { TextField } from "../../ui/field.tsx";
import { ErrorNotice } from "../../ui/states.tsx";
import { useToast } from "../../ui/toast.tsx";
import { ConfigForm, DefaultCheck } from "./config-form.tsx";
import { LeaveGuard } from "./leave-guard.tsx";
import { useCheck } from "./use-check.ts";

const starter = `{
  "strategy": { "mode": "fallback" },
  "targets": [
    { "provider": "openai", "override_params": { "model": "gpt-4o-mini" } },
    { "provider": "anthropic", "override_params": { "model": "claude-haiku-4-5" } }
  ]
}
`;

export function NewConfigPage() {
  const client = useQueryClient();
  const router = useRouter();
  const toast = useToast();
  const [name, setName] = useState("");
  const [text, setText] = useState(starter);
  const [isDefault, setDefault] = useState(false);
  const check = useCheck(text);
  const create = useMutation({
    mutationFn: () => call<Answer<"createConfig">>("POST", "/configs", { body: { name: name.trim(), config: check.value, isDefault } }),
    onSuccess: async ({ slug }) => {
      await refresh(client, "configs");
      toast("Config created");
      await router.navigate({ to: "/configs/$slug", params: { slug }, search: {} });
    },
  });
  const nameError = create.error instanceof ApiError && create.error.param === "name" ? create.error.message : undefined;
  const dirty = (name !== "" || text !== starter || isDefault) && !create.isPending && !create.isSuccess;
  return (
    <Page
      title="New config"
      subtitle="Where requests go, and what happens when a provider fails."
      actions={
        <Button variant="primary" busy={create.isPending} disabled={name.trim() === "" || check.value === undefined} onClick={() => create.mutate()}>
          Create config
        </Button>
      }
    >
      <div className="stack">
        <div className="config-name">
          <TextField label="Name" value={name} maxLength={255} required onChange={(e) => setName(e.target.value)} error={nameError} placeholder="Resilient chat" autoFocus />
          <DefaultCheck checked={isDefault} onChange={setDefault} />
        </div>
        {create.isError && !nameError && <ErrorNotice error={create.error} />}
        <ConfigForm text={text} onChange={setText} check={check} />
      </div>
      <LeaveGuard dirty={dirty} />
    </Page>
  );
}
