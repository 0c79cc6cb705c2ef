import { Page } from "../../shell/page.tsx";

export function ApiKeysPage() {
  return <Page title="API-keys">…</Page>;
}
