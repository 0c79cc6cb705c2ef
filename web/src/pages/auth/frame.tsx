import type { ReactNode } from "react";
import { Logo } from "../../shell/logo.tsx";
import { useTitle } from "../../shell/page.tsx";

/** The plain page around the forms of people who are not signed in yet. */
export function AuthFrame({ title, subtitle, children }: { title: string; subtitle: ReactNode; children: ReactNode }) {
  useTitle(title);
  return (
    <main className="auth">
      <div className="auth-card">
        <Logo size={36} />
        <div>
          <h1>{title}</h1>
          <p className="muted">{subtitle}</p>
        </div>
        {children}
      </div>
    </main>
  );
}
