import { AxeBuilder } from "@axe-core/playwright";
import { expect, test as base, type APIRequestContext, type Page } from "@playwright/test";
import { kinds, makeLog } from "./fake/logs.ts";
import type { LogDetail, NewApiKey } from "../src/api/types.ts";

/** Who signs in, and with what the very first set-up is done. */
export const owner = {
  name: process.env["PORTICO_E2E_NAME"] ?? "Ada Lovelace",
  email: process.env["PORTICO_E2E_EMAIL"] ?? "ada@example.com",
  password: process.env["PORTICO_E2E_PASSWORD"] ?? "correct horse battery",
};
export const setupToken = process.env["PORTICO_E2E_SETUP_TOKEN"] ?? "first-run";

/** The model that requests of the specs ask for; the demo's virtual key "mock" needs no account. */
const model = process.env["PORTICO_E2E_MODEL"] ?? "@mock/mock-gpt";

let counter = 0;
/** A name that no other run has used. */
export const unique = (prefix: string): string => `${prefix}-${Date.now().toString(36)}${(counter++).toString(36)}`;

interface Fixtures {
  /** Sends as chat does, with a key of its own. */
  send: (text: string, headers?: Record<string, string>, before?: Turn[]) => Promise<Sent>;
  /** Sends one chat request with a key of its own and answers its trace id. */
  sendChat: (text: string) => Promise<string>;
}

export const test = base.extend<Fixtures>({
  // A page error or a refused script or style is a failure of any spec.
  page: async ({ page }, use) => {
    const faults: string[] = [];
    page.on("pageerror", (e) => faults.push(e.message));
    page.on("console", (m) => {
      if (/Content.Security.Policy/i.test(m.text())) faults.push(m.text());
    });
    await use(page);
    expect(faults).toEqual([]);
  },

  send: async ({ page, playwright, baseURL }, use) => {
    const key = await createKey(page.request, ["completions.write", "logs.write"]);
    const anonymous = await playwright.request.newContext(baseURL ? { baseURL } : {});
    await use((text, headers, before) => chat(anonymous, key.key, text, headers, before));
    await anonymous.dispose();
  },

  sendChat: async ({ send }, use) => use(async (text) => (await send(text)).trace),
});

export { expect };

export async function createKey(request: APIRequestContext, scopes: string[]): Promise<NewApiKey> {
  const response = await request.post("/v1/api-keys/workspace/service", { data: { name: unique("e2e"), scopes } });
  expect(response.ok(), await response.text()).toBe(true);
  return (await response.json()) as NewApiKey;
}

/** Whether the specs run against a Portico; the fake server has no traces, feedback, exports or settings. */
export const real = process.env["PORTICO_E2E_URL"] !== undefined;

/** Sends one chat request; answers its trace id and the id of its log. */
export async function chat(request: APIRequestContext, key: string, text: string, headers: Record<string, string> = {}, before: Turn[] = []): Promise<Sent> {
  const trace = headers["x-portkey-trace-id"] ?? unique("trace");
  const messages = [...before, { role: "user", content: text }];
  const response = await request.post("/v1/chat/completions", {
    headers: { "x-portkey-metadata": JSON.stringify({ asked: text.slice(0, 100) }), ...headers, "x-portkey-api-key": key, "x-portkey-trace-id": trace },
    data: { model, messages },
  });
  expect(response.ok(), await response.text()).toBe(true);
  const { choices } = (await response.json()) as { choices: { message: Turn }[] };
  return { trace, id: response.headers()["x-portkey-request-id"] ?? "", turns: [...messages, ...choices.map((c) => c.message)] };
}

interface Turn {
  role: string;
  content: string;
}

interface Sent {
  trace: string;
  id: string;
  /** The conversation with the answer, for the next request. */
  turns: Turn[];
}

/** Makes the API answer a log that was made up, so that any kind of log can be looked at on any server. */
export async function serveLog(page: Page, log: LogDetail): Promise<void> {
  await page.route(`**/v1/logs/${log._id}`, (route) => route.fulfill({ json: log }));
}

/** Makes the API answer a list with one log of every kind. */
export async function serveLogList(page: Page): Promise<void> {
  const data = Object.keys(kinds).map((kind, i) => makeLog(kind, Date.now() - i * 60_000).metrics);
  await page.route("**/v1/logs?**", (route) => route.fulfill({ json: { object: "list", total: data.length, data, next: "" } }));
}

/** Fails when axe finds anything against WCAG 2.2 A or AA on the page, or in a part of it. */
export async function expectAccessible(page: Page, part = "html"): Promise<void> {
  const result = await new AxeBuilder({ page }).include(part).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
  const found = result.violations.map((v) => `${v.id}: ${v.help}\n${v.nodes.map((n) => `  ${n.target.join(" ")} ${n.failureSummary ?? ""}`).join("\n")}`);
  expect(found).toEqual([]);
}

/** Replaces the text of the editor on the page. */
export async function typeConfig(page: Page, text: string): Promise<void> {
  await page.getByRole("textbox", { name: "Config, as JSON" }).click();
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.insertText(text);
}
