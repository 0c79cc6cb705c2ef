import { makeLog } from "./fake/logs.ts";
import { expect, serveLog, test } from "./fixtures.ts";

test("a streamed Anthropic reply reads as a conversation", async ({ page }) => {
  const log = makeLog("tools", Date.now());
  await serveLog(page, log);
  await page.goto(`/console/logs/${log._id}`);
  const reply = page.getByRole("article", { name: "Assistant" }).last();
  await expect(reply).toContainText("There is a train at 08:04, arriving at 08:56.");
  await expect(reply.getByRole("region", { name: "Arguments of get_weather" })).toContainText('"city": "Interlaken"');
  await expect(reply).toContainText("tool_use");
  await expect(reply.getByText("I still need the weather")).toBeHidden();
  await reply.getByText("Thinking").click();
  await expect(reply.getByText("I still need the weather")).toBeVisible();
  await expect(page.getByRole("img", { name: "In the message" })).toBeVisible();
  await expect(page.getByText("2 tools offered: get_weather, find_trains")).toBeVisible();
});

test("a cut stream shows what had arrived and why it ended", async ({ page }) => {
  const log = makeLog("truncated", Date.now());
  await serveLog(page, log);
  await page.goto(`/console/logs/${log._id}`);
  await expect(page.getByText("The stream ended with an error: The provider's stream broke off.")).toBeVisible();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Truncated");
  await expect(page.getByText("estimated").first()).toBeAttached();
});

test("the raw stream can be read as sent and put together", async ({ page }) => {
  const log = makeLog("stream", Date.now());
  await serveLog(page, log);
  await page.goto(`/console/logs/${log._id}?tab=raw`);
  const response = page.getByRole("region", { name: "Response", exact: true });
  await expect(response).toContainText("data: [DONE]");
  await page.getByRole("button", { name: "Put together" }).click();
  await expect(response).toContainText('"object": "chat.completion"');
  await page.getByRole("button", { name: "Copy response", exact: true }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('"finish_reason": "stop"');
});

test("attempts and the route say what was tried, why, and how long it took", async ({ page }) => {
  const log = makeLog("rescued", Date.now());
  const config = {
    strategy: { mode: "loadbalance" },
    targets: [
      { weight: 0.7, strategy: { mode: "fallback" }, targets: [{ virtual_key: "openai-main" }, { virtual_key: "anthropic-main" }] },
      { weight: 0.3, virtual_key: "groq-main" },
    ],
  };
  await serveLog(page, log);
  await page.route("**/v1/configs/pc-resili-4be1c0/versions?*", (route) =>
    route.fulfill({ json: { object: "list", total: 1, data: [{ version_id: "v-12", config: JSON.stringify(config) }] } }),
  );
  await page.goto(`/console/logs/${log._id}?tab=attempts`);
  const attempts = page.getByRole("table", { name: "Attempts in order" });
  await expect(attempts.getByRole("rowheader")).toHaveCount(3);
  await expect(attempts.getByRole("row").filter({ hasText: "retry 1" })).toContainText("514 ms");

  await page.getByRole("tab", { name: "Route" }).click();
  const panel = page.getByRole("tabpanel");
  await expect(panel).toContainText("weight 0.7 of 1");
  await expect(panel).toContainText("config.targets[0].targets[0] answered 503");
  await expect(panel.getByText("anthropic-main").locator("..")).toContainText("answered");
  await expect(panel.getByText("groq-main").locator("..")).toContainText("not tried");

  await page.getByRole("tab", { name: "Details" }).click();
  await expect(panel).toContainText("Anthropic messages have no token biases");
});

const inline = {
  strategy: { mode: "loadbalance" },
  targets: [
    { weight: 0.7, strategy: { mode: "fallback" }, targets: [{ provider: "@openai-main" }, { provider: "@anthropic-main" }] },
    { weight: 0.3, provider: "groq", api_key: "gs****1T" },
  ],
};

test("the route through a config that the request carried is drawn whole", async ({ page }) => {
  const log = makeLog("rescued", Date.now());
  Object.assign(log.metrics, { config: "", config_id: "", config_version_id: "" });
  log.request.portkeyHeaders["x-portkey-config"] = JSON.stringify(inline);
  await serveLog(page, log);
  await page.goto(`/console/logs/${log._id}?tab=route`);
  const panel = page.getByRole("tabpanel");
  await expect(panel).toContainText("Routed by the config that the request carried.");
  await expect(panel.getByRole("listitem")).toHaveCount(5);
  await expect(panel.getByText("@anthropic-main").locator("../..")).toContainText("Chosen: config.targets[0].targets[0] answered 503");
  await expect(panel.getByText("groq").locator("..")).toContainText("not tried");
});

test("without a config the route shows what was tried", async ({ page }) => {
  const log = makeLog("retried", Date.now());
  await serveLog(page, log);
  await page.goto(`/console/logs/${log._id}?tab=route`);
  const panel = page.getByRole("tabpanel");
  await expect(panel).toContainText("No config applied");
  await expect(panel.getByRole("listitem")).toHaveCount(1);
  await expect(panel).toContainText(/429 .* in 90 ms/);
  await expect(panel).toContainText(/200 .* in 1\.15 s after a wait of 1\.01 s/);
});

test("an unknown cost is unknown, never 0", async ({ page }) => {
  const log = makeLog("unpriced", Date.now());
  await serveLog(page, log);
  await page.goto(`/console/logs/${log._id}?tab=details`);
  await expect(page.getByRole("row", { name: /^Cost/ })).toContainText("unknown");
  await expect(page.getByText("The catalogue has no price for this model")).toBeVisible();
  await expect(page.getByText("$0", { exact: true })).toHaveCount(0);
});

test("what a log holds is shown as text, never run", async ({ page }) => {
  const attack = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
  const log = makeLog("plain", Date.now());
  log.request.body = { model: "m", messages: [{ role: attack, content: [{ type: "text", text: attack }, { type: "image_url", image_url: { url: "javascript:document.title='owned'" } }] }] };
  log.response.body = `data: {"choices":[{"index":0,"delta":{"content":${JSON.stringify(attack)}}}]}\n\ndata: [DONE]\n\n`;
  log.metrics.metadata = { [attack]: attack };
  log.metrics.user = attack;
  await serveLog(page, log);
  for (const tab of ["conversation", "raw", "details"]) {
    await page.goto(`/console/logs/${log._id}?tab=${tab}`);
    await expect(page.getByText("onerror").first()).toBeVisible();
    await expect(page.locator("img, a[href^=javascript]")).toHaveCount(0);
    expect(await page.title()).not.toContain("owned");
  }
});

test("pictures of other hosts are linked, not fetched", async ({ page }) => {
  const log = makeLog("plain", Date.now());
  const url = "https://pictures.example/cat.png";
  log.request.body = { model: "m", messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }] };
  await serveLog(page, log);
  const asked: string[] = [];
  page.on("request", (r) => asked.push(r.url()));
  await page.goto(`/console/logs/${log._id}`);
  await expect(page.getByRole("link", { name: url })).toHaveAttribute("rel", /noreferrer/);
  expect(asked.filter((u) => u.includes("pictures.example"))).toEqual([]);
});

test("a log that is not there yet is asked for again", async ({ page }) => {
  const log = makeLog("plain", Date.now());
  let asked = 0;
  await page.route(`**/v1/logs/${log._id}`, (route) => {
    asked += 1;
    return asked < 4 ? route.fulfill({ status: 404, json: { error: { message: "There is no log with this id in the workspace" } } }) : route.fulfill({ json: log });
  });
  await page.goto(`/console/logs/${log._id}`);
  await expect(page.getByRole("article", { name: "Assistant" })).toBeVisible();
  expect(asked).toBe(4);
});

test("a log that is gone says so", async ({ page }) => {
  await page.goto("/console/logs/01JUNKNOWN0000");
  await expect(page.getByRole("alert")).toContainText("It may have been deleted");
});
