import { Page } from "../../shell/page.tsx";

export function ConfigsPage() {
  return <Page title="Configs">…</Page>;
}
