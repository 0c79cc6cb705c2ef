import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { ApiError, call } from "../../api/client.ts";
import { providersQuery, refresh, virtualKeyQuery } from "../../api/queries.ts";
import type { Answer, VirtualKey } from "../../api/types.ts";
import { Button } from "../../ui/button.tsx";
import { Copyable } from "../../ui/copy.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { TextField } from "../../ui/field.tsx";
import { ErrorNotice, SkeletonBlock } from "../../ui/states.tsx";
import { useToast } from "../../ui/toast.tsx";
import { entered, ProviderFields } from "./fields.tsx";

export function EditVirtualKey({ slug, onClose }: { slug: string; onClose: () => void }) {
  const key = useQuery(virtualKeyQuery(slug));
  return (
    <Dialog open onClose={onClose} title="Edit virtual key" description={<Copyable text={slug} label="Copy slug" />}>
      {key.isPending && <SkeletonBlock lines={5} />}
      {key.isError && (
        <div className="dialog-body">
          <ErrorNotice error={key.error} onRetry={() => void key.refetch()} />
        </div>
      )}
      {key.isSuccess && <Form stored={key.data} onClose={onClose} />}
    </Dialog>
  );
}

const dropped = "Saved. Its secret was for another address and was dropped: enter it again";

function Form({ stored, onClose }: { stored: VirtualKey; onClose: () => void }) {
  const client = useQueryClient();
  const toast = useToast();
  const providers = useQuery(providersQuery).data?.data ?? [];
  const provider = providers.find((p) => p.id === stored.provider);
  const save = useMutation({
    mutationFn: (body: Record<string, string>) => call<Answer<"updateVirtualKey">>("PUT", `/virtual-keys/${encodeURIComponent(stored.slug)}`, { body }),
    onSuccess: async ({ status }, body) => {
      await refresh(client, "virtual-keys");
      toast(status === "secret_missing" ? dropped : body["key"] ? "Secret rotated; requests use the new one at once" : "Virtual key saved");
      onClose();
    },
  });
  const error = save.error;
  const errors = (field: string) => (error instanceof ApiError && error.param === field ? error.message : undefined);
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const form = new FormData(e.currentTarget);
    save.mutate({ note: String(form.get("note") ?? ""), ...entered(form) });
  };
  return (
    <form onSubmit={submit}>
      <div className="dialog-body">
        <TextField label="Name" name="name" required maxLength={255} defaultValue={stored.name} error={errors("name")} />
        {provider && <ProviderFields provider={provider} errors={errors} stored={{ masked: stored.masked_api_key, config: stored.model_config }} />}
        <TextField label="Note" name="note" optional defaultValue={stored.note ?? ""} />
        {error && <ErrorNotice error={error} />}
      </div>
      <footer>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" busy={save.isPending}>
          Save
        </Button>
      </footer>
    </form>
  );
}
