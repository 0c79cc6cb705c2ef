import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useRouter } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { ApiError, call } from "../../api/client.ts";
import { sessionQuery } from "../../api/queries.ts";
import type { Answer, Body } from "../../api/types.ts";
import { Button } from "../../ui/button.tsx";
import { TextField } from "../../ui/field.tsx";
import { ErrorNotice } from "../../ui/states.tsx";
import { AuthFrame } from "./frame.tsx";

const route = getRouteApi("/setup");

// The least that the API takes.
const passwordLength = 10;

export function SetupPage() {
  const { token } = route.useSearch();
  const session = useQuery(sessionQuery);
  if (session.data && session.data.state !== "setup") return <Done />;
  if (!token) return <NoToken />;
  return <SetupForm token={token} />;
}

function Done() {
  return (
    <AuthFrame title="Already set up" subtitle="This Portico has its owner.">
      <Link className="button primary" to="/login" search={{}}>
        Sign in
      </Link>
    </AuthFrame>
  );
}

function NoToken() {
  return (
    <AuthFrame title="Welcome to Portico" subtitle="It has no owner yet.">
      <p>
        Open the one-time set-up link that the server printed when it first started. It looks like{" "}
        <code className="mono">{location.origin}/console/setup?token=…</code>
      </p>
    </AuthFrame>
  );
}

function SetupForm({ token }: { token: string }) {
  const client = useQueryClient();
  const router = useRouter();
  const setUp = useMutation({
    mutationFn: (body: Body<"setUp">) => call<Answer<"setUp">>("POST", "/console/setup", { body }),
    onSuccess: async (session) => {
      client.setQueryData(sessionQuery.queryKey, session);
      await router.navigate({ to: "/logs", search: {} });
    },
  });
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const form = new FormData(e.currentTarget);
    const text = (name: string) => String(form.get(name));
    setUp.mutate({ token, name: text("name"), email: text("email"), password: text("password") });
  };
  const error = setUp.error;
  const atField = (name: string) => (error instanceof ApiError && error.param === name ? error.message : undefined);
  const known = ["name", "email", "password"].some(atField);
  return (
    <AuthFrame title="Welcome to Portico" subtitle="Make the owner's account. This link works once.">
      <form className="form" onSubmit={submit}>
        <TextField label="Name" name="name" autoComplete="name" required autoFocus error={atField("name")} />
        <TextField label="Email" name="email" type="email" autoComplete="username" required error={atField("email")} />
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
        <Button type="submit" variant="primary" busy={setUp.isPending}>
          Create account
        </Button>
      </form>
    </AuthFrame>
  );
}
