import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { ApiError, call } from "../../api/client.ts";
import { providersQuery, refresh } from "../../api/queries.ts";
import type { Answer } from "../../api/types.ts";
import { Button } from "../../ui/button.tsx";
import { ComboField } from "../../ui/combo.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { TextField } from "../../ui/field.tsx";
import { ErrorNotice, SkeletonBlock } from "../../ui/states.tsx";
import { useToast } from "../../ui/toast.tsx";
import { entered, ProviderFields } from "./fields.tsx";

export function CreateVirtualKey({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog open={open} onClose={onClose} title="New virtual key" description="The credential is sealed and never shown again.">
      <Form onClose={onClose} />
    </Dialog>
  );
}

function Form({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const toast = useToast();
  const providers = useQuery(providersQuery);
  const [chosen, setChosen] = useState("openai");
  const create = useMutation({
    mutationFn: (body: Record<string, string>) => call<Answer<"createVirtualKey">>("POST", "/virtual-keys", { body }),
    onSuccess: async ({ slug }) => {
      await refresh(client, "virtual-keys");
      toast(`Virtual key ${slug} created`);
      onClose();
    },
  });
  if (providers.isPending) return <SkeletonBlock lines={5} />;
  if (providers.isError) return <ErrorNotice error={providers.error} onRetry={() => void providers.refetch()} />;
  const all = [...providers.data.data].sort((a, b) => a.name.localeCompare(b.name));
  const provider = all.find((p) => p.id === chosen) ?? all[0];
  const error = create.error;
  const errors = (field: string) => (error instanceof ApiError && error.param === field ? error.message : undefined);
  const atField = error instanceof ApiError && ["name", "slug", "key", ...(provider?.fields.map((f) => f.name) ?? [])].includes(error.param);
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    create.mutate(entered(new FormData(e.currentTarget)));
  };
  return (
    <form onSubmit={submit}>
      <div className="dialog-body">
        <ComboField
          label="Provider"
          name="provider"
          autoFocus
          choices={all.map((p) => ({ value: p.id, label: p.name, hint: p.id }))}
          value={provider?.id ?? ""}
          onChange={setChosen}
          hint={
            provider && (
              <a href={provider.docs} target="_blank" rel="noreferrer">
                Its API reference
              </a>
            )
          }
          error={errors("provider")}
        />
        <TextField label="Name" name="name" required maxLength={255} placeholder={`${provider?.name ?? ""} production`} error={errors("name")} />
        {provider && <ProviderFields key={provider.id} provider={provider} errors={errors} />}
        <TextField label="Slug" name="slug" optional pattern="[a-zA-Z0-9_\-]+" hint="What requests name it by. Made from the name when left empty." error={errors("slug")} />
        <TextField label="Note" name="note" optional />
        {error && !atField && <ErrorNotice error={error} />}
      </div>
      <footer>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" busy={create.isPending}>
          Create virtual key
        </Button>
      </footer>
    </form>
  );
}
