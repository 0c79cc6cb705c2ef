import type { Page } from "@playwright/test";
import { makeLog } from "./fake/logs.ts";
import type { Answer } from "../src/api/types.ts";
import { expect, expectAccessible, real, serveLog, serveLogList, test, typeConfig, unique } from "./fixtures.ts";

const log = makeLog("tools", Date.now());
const rescued = makeLog("rescued", Date.now());
rescued.metrics.config = "";

interface View {
  name: string;
  path: string;
  /** What has to be there before it is looked at. */
  ready: (page: Page) => Promise<void>;
}

const visible = (role: Parameters<Page["getByRole"]>[0], name: string | RegExp) => (page: Page) => expect(page.getByRole(role, { name }).first()).toBeVisible();

const views: View[] = [
  { name: "overview", path: "/console/overview?range=all", ready: visible("link", /^Requests: \d/) },
  { name: "usage", path: "/console/analytics?range=all", ready: visible("application", "Requests over time") },
  { name: "errors", path: "/console/analytics?range=all&tab=errors", ready: visible("heading", "Rescued requests") },
  { name: "cache", path: "/console/analytics?range=all&tab=cache", ready: visible("heading", "Savings") },
  { name: "feedback graphs", path: "/console/analytics?range=all&tab=feedback", ready: visible("heading", "Scores") },
  { name: "groups", path: "/console/analytics?range=all&tab=groups&by=provider", ready: visible("application", "Requests by Provider over time") },
  { name: "logs", path: "/console/logs", ready: visible("link", /open this log/) },
  { name: "no logs", path: "/console/logs?q=nothing-matches-this", ready: visible("heading", /No request/) },
  { name: "log drawer", path: `/console/logs?log=${log._id}`, ready: visible("article", "Assistant") },
  { name: "conversation", path: `/console/logs/${log._id}`, ready: visible("article", "Assistant") },
  { name: "raw", path: `/console/logs/${log._id}?tab=raw`, ready: visible("region", "Response") },
  { name: "attempts", path: `/console/logs/${rescued._id}?tab=attempts`, ready: visible("table", "Attempts in order") },
  { name: "route", path: `/console/logs/${rescued._id}?tab=route`, ready: visible("tabpanel", "Route") },
  { name: "details", path: `/console/logs/${rescued._id}?tab=details`, ready: visible("heading", "Not carried over") },
  { name: "missing log", path: "/console/logs/01JUNKNOWN0000", ready: visible("alert", "") },
  { name: "configs", path: "/console/configs", ready: visible("heading", "Configs") },
  { name: "new config", path: "/console/configs/new", ready: visible("textbox", "Config, as JSON") },
  { name: "virtual keys", path: "/console/virtual-keys", ready: visible("heading", "Virtual keys") },
  { name: "new virtual key", path: "/console/virtual-keys?new=1", ready: visible("button", "Create virtual key") },
  { name: "API keys", path: "/console/api-keys", ready: visible("heading", "API keys") },
  { name: "new API key", path: "/console/api-keys?new=1", ready: visible("button", "Create API key") },
  { name: "feedback of a log", path: `/console/logs/${log._id}?tab=feedback`, ready: visible("button", "Record feedback") },
  { name: "compare", path: `/console/logs/compare?a=${log._id}&b=${rescued._id}`, ready: visible("heading", "Reply") },
  { name: "compare nothing", path: "/console/logs/compare", ready: visible("heading", "Choose two requests") },
  { name: "no such page", path: "/console/nowhere", ready: visible("heading", "There is no such page") },
];

// The fake server has none of these.
const realViews: View[] = [
  { name: "traces", path: "/console/traces", ready: visible("table", /Traces/) },
  { name: "no traces", path: "/console/traces?q=nothing-matches-this", ready: visible("heading", /No trace/) },
  { name: "missing trace", path: "/console/traces/nowhere", ready: visible("alert", "") },
  { name: "no feedback", path: "/console/feedback?trace=nowhere", ready: visible("heading", /No feedback/) },
  { name: "new export", path: "/console/exports?new=1&status=error", ready: visible("checkbox", "ai_model") },
  { name: "logging", path: "/console/logging", ready: visible("radio", /Keep them/) },
];

for (const theme of ["light", "dark"] as const) {
  test.describe(theme, () => {
    test.use({ colorScheme: theme });

    for (const view of real ? [...views, ...realViews] : views) {
      test(`${view.name} is accessible`, async ({ page }) => {
        if (view.path === "/console/logs") await serveLogList(page);
        await serveLog(page, log);
        await serveLog(page, rescued);
        await page.goto(view.path);
        await view.ready(page);
        await expectAccessible(page);
      });
    }

    test("replay, more filters and saved filters are accessible", async ({ page }) => {
      test.skip(!real, "needs a Portico");
      await serveLog(page, log);
      await page.goto(`/console/logs/${log._id}`);
      await page.getByRole("button", { name: "Replay" }).click();
      await expect(page.getByRole("textbox", { name: "Request body, as JSON" })).toBeVisible();
      await expectAccessible(page);
      await page.goto("/console/logs?status=error");
      await page.getByRole("button", { name: "Saved" }).click();
      await expect(page.getByLabel("Save these filters as")).toBeVisible();
      await expectAccessible(page, "[role=dialog]");
      await page.keyboard.press("Escape");
      for (const name of ["Metadata", "Cost"]) {
        await page.getByRole("button", { name: "Filter", exact: true }).click();
        await page.getByRole("dialog").getByRole("button", { name, exact: true }).click();
        await expectAccessible(page, "[role=dialog]");
        await page.keyboard.press("Escape");
      }
    });

    test("a trace and its feedback are accessible", async ({ page, send }) => {
      test.skip(!real, "needs a Portico");
      const { trace } = await send("for axe");
      await page.request.post("/v1/feedback", { data: { trace_id: trace, value: -4, metadata: { comment: "for axe" } } });
      await page.goto(`/console/traces/${trace}`);
      await expect(page.getByRole("tree", { name: "Spans" })).toBeVisible();
      await expectAccessible(page);
      await page.goto(`/console/traces/${trace}?tab=conversation`);
      await expect(page.getByRole("article", { name: "Assistant" })).toBeVisible();
      await expectAccessible(page);
      await page.goto(`/console/feedback?trace=${trace}`);
      await expect(page.getByRole("cell", { name: "−4" })).toBeVisible();
      await expectAccessible(page);
    });

    test("the filters, the range and the palette are accessible", async ({ page }) => {
      await serveLogList(page);
      await page.goto("/console/logs");
      for (const name of ["Status", "Provider", "Last 24 hours"]) {
        await page.getByRole("button", { name }).click();
        await expect(page.getByRole("dialog")).toBeVisible();
        // The page below is partly covered, which axe takes for targets that are too small.
        await expectAccessible(page, "[role=dialog]");
        await page.keyboard.press("Escape");
      }
      await page.keyboard.press("ControlOrMeta+k");
      await expect(page.getByRole("combobox", { name: /log id/ })).toBeVisible();
      await expectAccessible(page);
    });

    test("a config, its faults and its versions are accessible", async ({ page }) => {
      const made = await page.request.post("/v1/configs", { data: { name: unique("Config"), config: { provider: "openai" } } });
      const { slug } = (await made.json()) as Answer<"createConfig">;
      await page.request.put(`/v1/configs/${slug}`, { data: { config: { provider: "anthropic" } } });
      await page.goto(`/console/configs/${slug}`);
      await typeConfig(page, '{"strategy": {"mode": "roundrobin"}, "targets": [{"provider": "openai"}]}');
      await expect(page.getByText("1 problem")).toBeVisible();
      await expectAccessible(page);
      for (const look of ["inline", "split"]) {
        await page.goto(`/console/configs/${slug}?tab=versions&diff=${look}`);
        await expect(page.locator(".cm-content").first()).toBeVisible();
        await expectAccessible(page);
      }
      await page.request.delete(`/v1/configs/${slug}`);
    });

    test("the dialogs that change a key are accessible", async ({ page }) => {
      const slug = unique("vk");
      await page.request.post("/v1/virtual-keys", { data: { name: slug, provider: "openai", key: "sk-x", slug } });
      await page.goto(`/console/virtual-keys?edit=${slug}`);
      const dialog = page.getByRole("dialog");
      await expect(dialog.getByLabel("Name", { exact: true })).toHaveValue(slug);
      await dialog.getByText("More settings").click();
      await expectAccessible(page);
      await page.request.delete(`/v1/virtual-keys/${slug}`);

      const name = unique("service");
      await page.request.post("/v1/api-keys/workspace/service", { data: { name, scopes: ["completions.write"] } });
      await page.goto("/console/api-keys");
      const actions = page.getByRole("row").filter({ hasText: name }).getByRole("button", { name: /^Actions for/ });
      for (const [action, ready] of [["Edit", "Save"], ["Rotate", "Rotate key"], ["Delete", "Delete API key"]] as const) {
        await actions.click();
        await expect(page.getByRole("menu")).toBeVisible();
        await expectAccessible(page, "[role=menu]");
        await page.getByRole("menuitem", { name: action }).click();
        await expect(dialog.getByRole("button", { name: ready })).toBeVisible();
        await expectAccessible(page);
        await page.keyboard.press("Escape");
        await expect(dialog).toBeHidden();
      }
    });

    test.describe("signed out", () => {
      test.use({ storageState: { cookies: [], origins: [] } });
      test("the sign-in is accessible", async ({ page }) => {
        await page.goto("/console/login");
        await visible("heading", "Sign in")(page);
        await expectAccessible(page);
      });
    });
  });
}

test("a dialog keeps the focus and gives it back", async ({ page }) => {
  await page.goto("/console/api-keys");
  const opener = page.getByRole("button", { name: "New API key" });
  await opener.click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("radio", { name: /Workspace service/ })).toBeFocused();
  for (let i = 0; i < 60; i++) await page.keyboard.press("Tab");
  expect(await dialog.evaluate((d) => d.contains(document.activeElement))).toBe(true);
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(opener).toBeFocused();
});

test("on a phone nothing is cut off", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 800 });
  for (const path of ["/console/overview?range=all", "/console/analytics?range=all&tab=groups", "/console/logs", "/console/configs", "/console/api-keys", "/console/configs/new", ...(real ? ["/console/traces", "/console/feedback", "/console/exports", "/console/logging"] : [])]) {
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow, path).toBeLessThanOrEqual(0);
  }
});
