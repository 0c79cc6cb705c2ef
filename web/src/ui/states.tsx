import { CircleAlert, RotateCw, TriangleAlert, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { ApiError } from "../api/client.ts";
import { Button } from "./button.tsx";
import { CopyButton } from "./copy.tsx";

/** Says what went wrong, what to do next, and the id to look it up by. */
export function ErrorNotice({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const e = error instanceof ApiError ? error : new ApiError(error instanceof Error ? error.message : String(error));
  return (
    <div className="notice bad" role="alert">
      <CircleAlert size={16} aria-hidden />
      <div>
        <p>
          <strong>{e.message}</strong>
        </p>
        {e.problems.length > 0 && (
          <ul>
            {e.problems.map((p) => (
              <li key={p.path + p.message}>
                <code>{p.path}</code> {p.message}
              </li>
            ))}
          </ul>
        )}
        <p className="muted">{nextStep(e)}</p>
        {e.requestId && (
          <p className="muted">
            Request <code>{e.requestId}</code> <CopyButton text={e.requestId} label="Copy request id" />
          </p>
        )}
        {onRetry && (
          <div>
            <Button small icon={RotateCw} onClick={onRetry}>
              Try again
            </Button>
          </div>
        )}
      </div>
    </div>
  );
}

function nextStep(e: ApiError): string {
  if (e.status === 0) return "Nothing was lost; try again when the server answers.";
  if (e.status === 401) return "Sign in again.";
  if (e.status === 403) return "Your role does not allow this. Ask an owner of the workspace.";
  if (e.status === 404) return "It may have been deleted, or belong to another workspace.";
  if (e.status === 409) return "Choose another name, or look at what is there already.";
  if (e.status === 429) return e.retryAfter > 0 ? `Try again in ${e.retryAfter} s.` : "Wait a little and try again.";
  if (e.status >= 500) return "The server's own log says more under the request id.";
  return e.param ? `Change ${e.param} and try again.` : "Change what was entered and try again.";
}

export function Warning({ children }: { children: ReactNode }) {
  return (
    <div className="notice warn">
      <TriangleAlert size={16} aria-hidden />
      <div>{children}</div>
    </div>
  );
}

interface EmptyProps {
  icon: LucideIcon;
  title: string;
  /** The page has no other heading. */
  main?: boolean;
  children?: ReactNode;
}

/** An empty page says what would be here and how to fill it. */
export function Empty({ icon: Icon, title, main, children }: EmptyProps) {
  const H = main ? "h1" : "h2";
  return (
    <div className="empty">
      <Icon size={28} strokeWidth={1.5} aria-hidden />
      <H>{title}</H>
      {children}
    </div>
  );
}

/** Rows of grey bars where a table's rows will be. */
export function SkeletonRows({ rows, columns }: { rows: number; columns: number }) {
  return (
    <>
      {Array.from({ length: rows }, (_, row) => (
        <tr key={row} aria-hidden>
          {Array.from({ length: columns }, (_, column) => (
            <td key={column}>
              <span className="skeleton" style={{ width: `${40 + ((row * 7 + column * 13) % 5) * 11}%` }} />
            </td>
          ))}
        </tr>
      ))}
    </>
  );
}

export function SkeletonBlock({ lines }: { lines: number }) {
  return (
    <div className="skeleton-block" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, i) => (
        <span key={i} className="skeleton" style={{ width: `${92 - ((i * 17) % 45)}%` }} />
      ))}
    </div>
  );
}
