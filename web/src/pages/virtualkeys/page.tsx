import { Page } from "../../shell/page.tsx";

export function VirtualKeysPage() {
  return <Page title="Virtual-keys">…</Page>;
}
