import { chat, createKey, expect, test } from "./fixtures.ts";

test("a request shows up live, and is found by its trace", async ({ page, sendChat }) => {
  await page.goto("/console/logs");
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  const trace = await sendChat("hello from the console's tests");
  await page.goto(`/console/logs?trace=${trace}&range=all`);
  const rows = page.getByRole("table").getByRole("row").filter({ hasText: "/v1/chat/completions" });
  await expect(rows).toHaveCount(1);
  await expect(page.getByRole("status").filter({ hasText: "1 request" })).toBeVisible();

  await rows.first().getByRole("link", { name: /open this log/ }).click();
  const drawer = page.getByRole("complementary", { name: "Log detail" });
  await expect(drawer).toBeFocused();
  await expect(drawer.getByText("hello from the console's tests").first()).toBeVisible();
  await expect(page).toHaveURL(/log=/);

  await drawer.getByRole("tab", { name: "Details" }).click();
  await expect(page).toHaveURL(/tab=details/);
  await page.reload();
  await expect(page.getByRole("tab", { name: "Details" })).toHaveAttribute("aria-selected", "true");

  await page.getByRole("link", { name: "Open as a page" }).click();
  await expect(page).toHaveURL(/\/console\/logs\/[^?]+/);
  await expect(page.getByText(trace).first()).toBeVisible();
});

test("new requests arrive without a reload, and not while paused", async ({ page, sendChat }) => {
  const word = `needle${Date.now()}`;
  await page.goto(`/console/logs?q=${word}&range=all`);
  await expect(page.getByText("No request matches these filters")).toBeVisible();
  await sendChat(word);
  const rows = page.getByRole("link", { name: /open this log/ });
  await expect(rows).toHaveCount(1);

  await page.getByRole("button", { name: "Pause" }).click();
  await expect(page).toHaveURL(/paused=1/);
  await sendChat(word);
  await page.waitForTimeout(3000);
  await expect(rows).toHaveCount(1);
  await page.getByRole("button", { name: "Resume" }).click();
  await expect(rows).toHaveCount(2);
});

test("new requests come within two seconds and leave the reader's place alone", async ({ page, sendChat }) => {
  const word = `place${Date.now()}`;
  for (let i = 0; i < 40; i++) await sendChat(word);
  await page.goto(`/console/logs?q=${word}&range=all`);
  const rows = page.getByRole("link", { name: /open this log/ });
  await expect(rows).toHaveCount(40);

  await rows.nth(30).scrollIntoViewIfNeeded();
  await rows.nth(25).click();
  const chosen = page.locator("tbody tr[aria-current]");
  await expect(chosen).toHaveCount(1);
  const id = await chosen.getAttribute("id");
  const before = (await chosen.boundingBox())!;

  await sendChat(word);
  await sendChat(word);
  const sent = Date.now();
  await expect(rows).toHaveCount(42);
  expect(Date.now() - sent).toBeLessThan(2000);
  expect((await chosen.boundingBox())!.y).toBeCloseTo(before.y, 0);
  await expect(chosen).toHaveAttribute("id", id!);
  await expect(page).toHaveURL(new RegExp(`log=${id!.replace("log-", "")}`));

  await page.getByRole("button", { name: "2 new requests" }).click();
  await expect(page.getByRole("button", { name: /new request/ })).toHaveCount(0);
  await expect(rows.first()).toBeInViewport();
});

test("a permanent link works as soon as the answer is there", async ({ page, playwright, baseURL }) => {
  const key = await createKey(page.request, ["completions.write", "logs.write"]);
  const anonymous = await playwright.request.newContext(baseURL ? { baseURL } : {});
  const { id } = await chat(anonymous, key.key, "linked at once");
  await anonymous.dispose();
  await page.goto(`/console/logs/${id}`);
  await expect(page.getByText("linked at once").first()).toBeVisible();
});

test("the route of a request is drawn from the config that it carried", async ({ page, playwright, baseURL }) => {
  const key = await createKey(page.request, ["completions.write", "logs.write"]);
  const anonymous = await playwright.request.newContext(baseURL ? { baseURL } : {});
  const config = { strategy: { mode: "fallback" }, targets: [{ name: "first choice", virtual_key: "mock" }, { name: "second choice", virtual_key: "mock" }] };
  const { id } = await chat(anonymous, key.key, "by an inline config", { "x-portkey-config": JSON.stringify(config) });
  await anonymous.dispose();
  await page.goto(`/console/logs/${id}?tab=route`);
  const panel = page.getByRole("tabpanel");
  await expect(panel).toContainText("Routed by the config that the request carried.");
  await expect(panel.getByRole("listitem")).toHaveCount(3);
  await expect(panel.getByText("second choice").locator("..")).toContainText("not tried");
});

test("the keyboard moves, opens, closes and searches", async ({ page, sendChat }) => {
  await sendChat("one");
  await sendChat("two");
  await page.goto("/console/logs?paused=1");
  await expect(page.getByRole("link", { name: /open this log/ }).nth(1)).toBeVisible();
  const current = page.locator("tbody tr[aria-current]");
  await page.keyboard.press("j");
  await expect(current).toHaveCount(1);
  const first = await current.getAttribute("id");
  await page.keyboard.press("j");
  expect(await current.getAttribute("id")).not.toBe(first);
  await page.keyboard.press("k");
  expect(await current.getAttribute("id")).toBe(first);

  await page.keyboard.press("Enter");
  await expect(page.getByRole("complementary", { name: "Log detail" })).toBeVisible();
  await page.keyboard.press("j");
  await expect(page).not.toHaveURL(new RegExp(`log=${first?.replace("log-", "")}(&|$)`));
  await page.keyboard.press("Escape");
  await expect(page.getByRole("complementary", { name: "Log detail" })).toBeHidden();
  await expect(page).not.toHaveURL(/log=/);

  await page.keyboard.press("/");
  await expect(page.getByRole("searchbox", { name: "Search logs" })).toBeFocused();
  await page.keyboard.type("jk");
  await expect(page.getByRole("searchbox", { name: "Search logs" })).toHaveValue("jk");

  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard" })).toContainText("Next log");
});

test("filters are in the address and can be taken away one by one", async ({ page }) => {
  await page.goto("/console/logs");
  await page.getByRole("button", { name: "Status" }).click();
  await page.getByRole("checkbox", { name: "Error" }).check();
  await page.getByRole("checkbox", { name: "Refused" }).check();
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/status=error%2Crefused/);

  await page.getByRole("button", { name: "Code" }).click();
  await page.getByRole("textbox", { name: /Status code/ }).fill("429");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/code=429/);

  await page.getByRole("button", { name: "Clear code filter" }).click();
  await expect(page).not.toHaveURL(/code=/);
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  await expect(page).not.toHaveURL(/status=/);
});

test("a custom range is checked, kept in the address, and not live", async ({ page }) => {
  await page.goto("/console/logs");
  await page.getByRole("button", { name: "Last 24 hours" }).click();
  await page.getByLabel("From").fill("2026-01-02T10:00");
  await page.getByLabel("To").fill("2026-01-01T10:00");
  await page.getByRole("button", { name: "Apply custom range" }).click();
  await expect(page.getByText("The start must be before the end.")).toBeVisible();
  await page.getByLabel("To").fill("2026-01-03T10:00");
  await page.getByRole("button", { name: "Apply custom range" }).click();
  await expect(page).toHaveURL(/from=2026-01-02/);
  await expect(page.getByText("Live", { exact: true })).toBeHidden();
  await expect(page.getByRole("button", { name: "Pause" })).toBeHidden();
});

test("times are shown by the clock or relative, as chosen", async ({ page, sendChat }) => {
  await sendChat("now");
  await page.goto("/console/logs");
  const first = page.getByRole("link", { name: /open this log/ }).first();
  await expect(first).toContainText(/\d\d:\d\d/);
  await page.getByRole("button", { name: "Show relative times" }).click();
  await expect(first).toContainText(/ago|now/);
  await page.reload();
  await expect(first).toContainText(/ago|now/);
});

test("an error says its request id and what to do, and can be tried again", async ({ page }) => {
  let broken = true;
  await page.route("**/v1/logs?**", (route) =>
    broken
      ? route.fulfill({ status: 400, headers: { "x-portkey-request-id": "req-42" }, json: { error: { message: "status_code must be a number.", code: "AB01", param: "status_code" } } })
      : route.continue(),
  );
  await page.goto("/console/logs?code=abc");
  const alert = page.getByRole("alert");
  await expect(alert).toContainText("status_code must be a number.");
  await expect(alert).toContainText("req-42");
  broken = false;
  await page.goto("/console/logs");
  await expect(alert).toBeHidden();
});

test("an installation without requests shows the command that makes one", async ({ page }) => {
  await page.route("**/v1/logs?**", (route) => route.fulfill({ json: { object: "list", total: 0, data: [], next: "" } }));
  await page.goto("/console/logs");
  await expect(page.getByRole("heading", { name: "Send the first request" })).toBeVisible();
  await expect(page.getByRole("region", { name: "command" })).toContainText(`curl ${new URL(page.url()).origin}/v1/chat/completions`);
});

test("long lists load as they are scrolled", async ({ page }) => {
  const { makeLog } = await import("./fake/logs.ts");
  const all = Array.from({ length: 250 }, (_, i) => makeLog("plain", Date.now() - i * 1000).metrics);
  await page.route("**/v1/logs?**", (route) => {
    const after = new URL(route.request().url()).searchParams.get("after");
    const start = after ? Number(after) : 0;
    const data = all.slice(start, start + 100);
    return route.fulfill({ json: { object: "list", total: all.length, data, next: start + 100 < all.length ? String(start + 100) : "" } });
  });
  await page.goto("/console/logs?paused=1");
  const rows = page.getByRole("link", { name: /open this log/ });
  await expect(rows).toHaveCount(100);
  await rows.nth(99).scrollIntoViewIfNeeded();
  await expect(rows).toHaveCount(200);
  await rows.nth(199).scrollIntoViewIfNeeded();
  await expect(rows).toHaveCount(250);
  await expect(page.getByRole("button", { name: "Load more" })).toBeHidden();
});
