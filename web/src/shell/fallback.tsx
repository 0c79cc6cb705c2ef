import { Link, useRouter, type ErrorComponentProps } from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { Empty, ErrorNotice } from "../ui/states.tsx";

export function NotFound() {
  return (
    <main>
      <Empty main icon={Compass} title="There is no such page">
        <p className="muted">
          The address may be mistyped. <Link to="/logs">Go to the logs</Link>.
        </p>
      </Empty>
    </main>
  );
}

export function PageError({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const retry = () => {
    reset();
    void router.invalidate();
  };
  return (
    <main className="page-error">
      <h1 className="sr-only">Something went wrong</h1>
      <ErrorNotice error={error} onRetry={retry} />
    </main>
  );
}
