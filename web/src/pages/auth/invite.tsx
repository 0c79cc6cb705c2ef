import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { ApiError, call } from "../../api/client.ts";
import { inviteQuery, sessionQuery } from "../../api/queries.ts";
import type { Answer, Body } from "../../api/types.ts";
import { Button } from "../../ui/button.tsx";
import { Command } from "../../ui/copy.tsx";
import { TextField } from "../../ui/field.tsx";
import { ErrorNotice, SkeletonBlock } from "../../ui/states.tsx";
import { AuthFrame } from "./frame.tsx";

const route = getRouteApi("/invite");

// The least that the API takes.
const passwordLength = 10;

type Joined = Answer<"acceptInvite">;

/** Where an invite's link leads: the invited person sets a password and is in. */
export function InvitePage() {
  const { token } = route.useSearch();
  const invite = useQuery({ ...inviteQuery(token ?? ""), enabled: Boolean(token) });
  const [joined, setJoined] = useState<Joined>();
  if (joined) return <Keys joined={joined} />;
  if (!token) return <Refused error={new Error("This address lacks the invitation's token. Open the link as you got it.")} />;
  if (invite.isError) return <Refused error={invite.error} />;
  if (!invite.data) {
    return (
      <AuthFrame title="Invitation" subtitle="One moment…">
        <SkeletonBlock lines={3} />
      </AuthFrame>
    );
  }
  return <JoinForm token={token} invite={invite.data} onKeys={setJoined} />;
}

function Refused({ error }: { error: Error }) {
  return (
    <AuthFrame title="Invitation" subtitle="It cannot be accepted.">
      <ErrorNotice error={error} />
    </AuthFrame>
  );
}

function JoinForm({ token, invite, onKeys }: { token: string; invite: Answer<"lookAtInvite">; onKeys: (joined: Joined) => void }) {
  const client = useQueryClient();
  const router = useRouter();
  const join = useMutation({
    mutationFn: (body: Body<"acceptInvite">) => call<Joined>("POST", "/console/invite", { body }),
    onSuccess: async (joined) => {
      client.clear(); // what was known to whoever was signed in before
      const { api_keys, ...session } = joined;
      client.setQueryData(sessionQuery.queryKey, session);
      if (api_keys.length > 0) onKeys(joined);
      else await router.navigate({ to: "/overview", search: {} });
    },
  });
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const form = new FormData(e.currentTarget);
    join.mutate({ token, name: String(form.get("name")), password: String(form.get("password")) });
  };
  const error = join.error;
  const atField = (name: string) => (error instanceof ApiError && error.param === name ? error.message : undefined);
  const known = ["name", "password"].some(atField);
  return (
    <AuthFrame title={`Join ${invite.organisation}`} subtitle={`You are invited as ${invite.email}. This link works once.`}>
      <form className="form" onSubmit={submit}>
        <input type="hidden" name="email" autoComplete="username" value={invite.email} />
        <TextField label="Name" name="name" autoComplete="name" required autoFocus error={atField("name")} />
        <TextField
          label="Password"
          name="password"
          type="password"
          autoComplete="new-password"
          minLength={passwordLength}
          required
          hint={`At least ${passwordLength} characters.`}
          error={atField("password")}
        />
        {error && !known && <ErrorNotice error={error} />}
        <Button type="submit" variant="primary" busy={join.isPending}>
          Join
        </Button>
      </form>
    </AuthFrame>
  );
}

/** The keys that came with the invite: their values are shown this once. */
function Keys({ joined }: { joined: Joined }) {
  const router = useRouter();
  return (
    <AuthFrame title="Your API keys" subtitle="Copy them now: they are not shown again.">
      {joined.api_keys.map((k) => (
        <div key={k.id}>
          <p className="muted">{k.workspace}</p>
          <Command text={k.key} label="Copy key" />
        </div>
      ))}
      <Button variant="primary" onClick={() => void router.navigate({ to: "/overview", search: {} })}>
        Open the console
      </Button>
    </AuthFrame>
  );
}
