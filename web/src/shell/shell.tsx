import { useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { Link, Outlet, useRouter } from "@tanstack/react-router";
import { ChartNoAxesCombined, ChartNoAxesGantt, Download, KeyRound, LayoutDashboard, LogOut, MessageSquareHeart, Monitor, Moon, Plug, ScrollText, Search, Settings2, Sun, Waypoints, type LucideIcon } from "lucide-react";
import { useState } from "react";
import { call } from "../api/client.ts";
import { sessionQuery } from "../api/queries.ts";
import type { Session } from "../api/types.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { KeyboardHelp } from "./help.tsx";
import { Logo } from "./logo.tsx";
import { Palette, usePaletteKey } from "./palette.tsx";
import { setTheme, useTheme, type Theme } from "./theme.ts";

type PagePath = "/overview" | "/logs" | "/traces" | "/analytics" | "/feedback" | "/exports" | "/configs" | "/virtual-keys" | "/api-keys" | "/logging";

export const pages: { to: PagePath; label: string; icon: LucideIcon }[] = [
  { to: "/overview", label: "Overview", icon: LayoutDashboard },
  { to: "/logs", label: "Logs", icon: ScrollText },
  { to: "/traces", label: "Traces", icon: ChartNoAxesGantt },
  { to: "/analytics", label: "Analytics", icon: ChartNoAxesCombined },
  { to: "/feedback", label: "Feedback", icon: MessageSquareHeart },
  { to: "/exports", label: "Exports", icon: Download },
  { to: "/configs", label: "Configs", icon: Waypoints },
  { to: "/virtual-keys", label: "Virtual keys", icon: Plug },
  { to: "/api-keys", label: "API keys", icon: KeyRound },
  { to: "/logging", label: "Logging", icon: Settings2 },
];

/** The frame of every page behind the sign-in. */
export function Shell() {
  const { data: session } = useSuspenseQuery(sessionQuery);
  const [palette, setPalette] = useState(false);
  usePaletteKey(setPalette);
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to content
      </a>
      <aside className="sidebar">
        <div className="brand">
          <Logo />
          <span className="truncate" title={session.workspace?.name}>
            {session.workspace?.name ?? "Portico"}
          </span>
        </div>
        <Button className="jump" icon={Search} onClick={() => setPalette(true)}>
          Jump to… <kbd>{isMac ? "⌘" : "Ctrl"} K</kbd>
        </Button>
        <nav aria-label="Main">
          {pages.map(({ to, label, icon: Icon }) => (
            <Link key={to} to={to} className="nav-link" activeProps={{ className: "nav-link active" }}>
              <Icon size={16} aria-hidden />
              {label}
            </Link>
          ))}
        </nav>
        <Account session={session} />
      </aside>
      <main id="main" tabIndex={-1}>
        <Outlet />
      </main>
      <KeyboardHelp />
      <Palette open={palette} onClose={() => setPalette(false)} />
    </div>
  );
}

const isMac = /Mac|iP(hone|ad)/.test(navigator.platform);

function Account({ session }: { session: Session }) {
  return (
    <div className="account">
      <ThemeSwitch />
      <div className="account-row">
        <div className="account-name">
          <span className="truncate">{session.user?.name || session.user?.email}</span>
          <span className="muted truncate">{session.user?.email}</span>
        </div>
        <SignOut />
      </div>
      <span className="muted version">
        <span className="truncate">Portico {session.version}</span>
        {session.demo && <span className="badge accent">demo</span>}
      </span>
    </div>
  );
}

function SignOut() {
  const client = useQueryClient();
  const router = useRouter();
  const signOut = async () => {
    await call("POST", "/console/logout");
    client.clear();
    await router.navigate({ to: "/login", search: {} });
  };
  return <IconButton icon={LogOut} label="Sign out" small onClick={() => void signOut()} />;
}

const themes: { id: Theme; label: string; icon: LucideIcon }[] = [
  { id: "system", label: "System theme", icon: Monitor },
  { id: "light", label: "Light theme", icon: Sun },
  { id: "dark", label: "Dark theme", icon: Moon },
];

function ThemeSwitch() {
  const theme = useTheme();
  return (
    <div className="segmented" role="group" aria-label="Theme">
      {themes.map(({ id, label, icon }) => (
        <IconButton key={id} icon={icon} label={label} small aria-pressed={theme === id} onClick={() => setTheme(id)} />
      ))}
    </div>
  );
}
