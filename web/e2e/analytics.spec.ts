import type { APIRequestContext, Locator, Page } from "@playwright/test";
import type { Answer } from "../src/api/types.ts";
import { createKey, expect, expectAccessible, test, unique } from "./fixtures.ts";

const model = process.env["PORTICO_E2E_MODEL"] ?? "@mock/mock-gpt";

/** Sends chat requests with metadata. */
async function ask(request: APIRequestContext, count: number, metadata: Record<string, string>): Promise<void> {
  const { key } = await createKey(request, ["completions.write"]);
  for (let i = 0; i < count; i++) {
    const response = await request.post("/v1/chat/completions", {
      headers: { "x-portkey-api-key": key, "x-portkey-metadata": JSON.stringify(metadata) },
      data: { model, messages: [{ role: "user", content: `Hello ${i}` }] },
    });
    expect(response.ok(), await response.text()).toBe(true);
  }
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** What the API answers about a range. */
async function figures<T>(page: Page, path: string, from: number, to: number, more: Record<string, string> = {}): Promise<T> {
  const params = new URLSearchParams({ time_of_generation_min: iso(from), time_of_generation_max: iso(to), ...more });
  const response = await page.request.get(`/v1/analytics/${path}?${params.toString()}`);
  expect(response.ok(), await response.text()).toBe(true);
  return (await response.json()) as T;
}

const total = async (page: Page, from: number, to: number): Promise<number> => (await figures<Answer<"graphRequests">>(page, "graphs/requests", from, to)).summary.total;

const range = (from: number, to: number): string => `from=${iso(from)}&to=${iso(to)}`;
const whole = (n: number): string => n.toLocaleString("en-US");
const chart = (page: Page, title: string): Locator => page.getByRole("region", { name: title, exact: true });

/** The address of the page as its parameters. */
const search = (page: Page): URLSearchParams => new URL(page.url()).searchParams;

test("the console opens with the overview, and its figures are those of the API", async ({ page }) => {
  await ask(page.request, 3, { _user: unique("ann") });
  const [from, to] = [Date.now() - 3_600_000, Date.now() + 1000];
  await page.goto("/console/");
  await expect(page.getByRole("heading", { name: "Overview", level: 1 })).toBeVisible();
  await page.goto(`/console/overview?${range(from, to)}`);
  const requests = await total(page, from, to);
  const errors = (await figures<Answer<"graphErrors">>(page, "graphs/errors", from, to)).summary.total;
  const tokens = (await figures<Answer<"graphTokens">>(page, "graphs/tokens", from, to)).summary.total;
  const users = (await figures<Answer<"graphUsers">>(page, "graphs/users", from, to)).summary.total;
  expect(requests).toBeGreaterThanOrEqual(3);
  const card = (name: string) => page.getByRole("link", { name: new RegExp(`^${name}:`) });
  await expect(card("Requests")).toHaveAttribute("aria-label", `Requests: ${whole(requests)}`);
  await expect(card("Requests")).toContainText(`${whole(requests - errors)} succeeded`);
  await expect(card("Error rate")).toContainText(`${whole(errors)} failed`);
  await expect(card("Users")).toHaveAttribute("aria-label", `Users: ${whole(users)}`);
  if (tokens < 10_000) await expect(card("Tokens")).toHaveAttribute("aria-label", `Tokens: ${whole(tokens)}`);

  const models = await figures<Answer<"groupBy">>(page, "groups/model", from, to, { columns: "requests" });
  const top = chart(page, "Top models").getByRole("row").nth(1);
  await expect(top).toContainText(whole(models.data[0]!.requests!));
  await top.getByRole("link").click();
  await expect(page.getByRole("heading", { name: "Logs", level: 1 })).toBeVisible();
  expect(search(page).get("model")).toBe(models.data.find((m) => m.requests === models.data[0]!.requests)!.model);
  expect(search(page).get("from")).toBe(iso(from));
  await expect(page.getByRole("status").filter({ hasText: /request/ }).first()).toHaveText(new RegExp(`^${whole(models.data[0]!.requests!)} request`));
});

test("a period is compared with the one right before it", async ({ page }) => {
  const begin = Date.now();
  await ask(page.request, 2, {});
  const middle = Date.now();
  await ask(page.request, 5, {});
  const length = Math.max(Date.now() + 200 - middle, middle - begin + 200);
  const [from, to] = [middle, middle + length];
  await expect.poll(() => Date.now()).toBeGreaterThan(to);
  const [now, then] = [await total(page, from, to), await total(page, from - length, from)];
  expect(then).toBeGreaterThanOrEqual(2);
  await page.goto(`/console/overview?${range(from, to)}`);
  const card = page.getByRole("link", { name: /^Requests:/ });
  await expect(card).toHaveAttribute("aria-label", `Requests: ${whole(now)}`);
  const change = Number(((100 * Math.abs(now - then)) / then).toFixed(1));
  await expect(card.getByTitle(`${whole(then)} in the period before`)).toHaveText(now === then ? "as before" : `${now > then ? "up" : "down"} ${change} %`);
});

test("a cost that is not known is never shown as nothing", async ({ page }) => {
  const [from, to] = [Date.now() - 600_000, Date.now() + 1000];
  await ask(page.request, 1, {});
  const answer = (total: number) => ({ summary: { total, avg: 0 }, data_points: [{ timestamp: iso(from), total, avg: 0 }], object: "analytics-graph" });
  await page.route("**/v1/analytics/graphs/cost?**", (route) => route.fulfill({ json: answer(0) }));
  await page.route("**/v1/analytics/graphs/requests?**", (route) => route.fulfill({ json: answer(/cost_min=0/.test(route.request().url()) ? 0 : 4) }));
  await page.goto(`/console/overview?${range(from, to)}`);
  const card = page.getByRole("link", { name: /^Cost:/ });
  await expect(card).toHaveAttribute("aria-label", "Cost: unknown");
  await expect(card).toContainText("without 4 requests of unknown cost");
  await page.goto(`/console/analytics?${range(from, to)}`);
  await expect(chart(page, "Cost")).toContainText("The cost of 4 requests is unknown.");
});

test("nothing in the range and a server that fails are told apart", async ({ page }) => {
  const long = Date.parse("2020-01-01T00:00:00Z");
  for (const place of ["overview", "analytics"]) {
    await page.goto(`/console/${place}?${range(long, long + 3_600_000)}`);
    await expect(page.getByRole("heading", { name: "No request in this time range" })).toBeVisible();
  }
  await page.route("**/v1/analytics/graphs/latency?**", (route) => route.fulfill({ status: 400, json: { error: { message: "out of order" } } }));
  await ask(page.request, 1, {});
  await page.goto("/console/analytics?range=1h");
  await expect(chart(page, "Latency").getByRole("alert")).toContainText("out of order");
  await expect(chart(page, "Requests").getByRole("application")).toBeVisible();
  await page.unroute("**/v1/analytics/graphs/latency?**");
  await chart(page, "Latency").getByRole("button", { name: "Try again" }).click();
  await expect(chart(page, "Latency").getByRole("application")).toBeVisible();
});

test("filters are those of the log, and a graph may be read as a table", async ({ page }) => {
  const team = unique("team");
  await ask(page.request, 4, { team });
  const [from, to] = [Date.now() - 1_800_000, Date.now() + 1000];
  await page.goto(`/console/analytics?${range(from, to)}&meta=team=${team}`);
  const requests = chart(page, "Requests");
  await expect(requests.locator(".legend")).toContainText("Requests4");
  await requests.getByRole("button", { name: "Requests as table" }).click();
  const cells = requests.getByRole("table").locator("tbody td");
  await expect(cells.first()).toBeVisible();
  expect((await cells.allTextContents()).reduce((n, t) => n + Number(t), 0)).toBe(4);
  await expectAccessible(page);
  await requests.getByRole("button", { name: "Requests as graph" }).click();
  await expect(requests.getByRole("application")).toBeVisible();

  await ask(page.request, 2, { team });
  await page.goto(`/console/analytics?${range(from, Date.now() + 600_000)}&meta=team=${team}`);
  await expect(requests.locator(".legend")).toContainText("Requests6");
  await ask(page.request, 1, { team });
  await page.getByRole("button", { name: "Refresh" }).click();
  await expect(requests.locator(".legend")).toContainText("Requests7");

  await page.goto(`/console/analytics?${range(from, to)}&meta=team=${team}`);
  await page.getByRole("button", { name: "Clear metadata filter" }).click();
  await expect.poll(() => search(page).get("meta")).toBeNull();
  await expect(requests.locator(".legend")).toContainText(whole(await total(page, from, to)));
});

test("the interval is a choice, and the browser's zone is sent", async ({ page }) => {
  await ask(page.request, 1, {});
  const asked: URL[] = [];
  page.on("request", (r) => r.url().includes("/graphs/tokens") && asked.push(new URL(r.url())));
  await page.goto("/console/analytics?range=24h");
  await expect(chart(page, "Tokens").getByRole("application")).toBeVisible();
  expect(asked.at(-1)!.searchParams.get("time_zone")).toBe(await page.evaluate(() => Intl.DateTimeFormat().resolvedOptions().timeZone));
  expect(asked.at(-1)!.searchParams.get("interval")).toBeNull();
  await page.getByLabel("Interval").selectOption("6h");
  await expect.poll(() => asked.at(-1)!.searchParams.get("interval")).toBe("6h");
  await chart(page, "Tokens").getByRole("button", { name: "Tokens as table" }).click();
  const rows = chart(page, "Tokens").getByRole("table").locator("tbody tr");
  await expect(rows.nth(3)).toBeVisible();
  expect(await rows.count()).toBeLessThanOrEqual(6);
});

test("a drag over a graph sets the range, and Back or Reset zoom undo it", async ({ page }) => {
  await ask(page.request, 1, {});
  await page.goto("/console/analytics?range=1h");
  const area = chart(page, "Requests").locator(".u-over");
  await expect(area).toBeVisible();
  const drag = async (a: number, b: number) => {
    const box = (await area.boundingBox())!;
    await page.mouse.move(box.x + box.width * a, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * b, box.y + 60, { steps: 5 });
    await page.mouse.up();
  };
  const width = () => Date.parse(search(page).get("to")!) - Date.parse(search(page).get("from")!);
  await drag(0.5, 0.99);
  await expect.poll(() => search(page).get("unzoomed")).toBe("1h");
  expect(width()).toBeGreaterThan(25 * 60_000);
  expect(width()).toBeLessThan(35 * 60_000);
  await page.goBack();
  await expect.poll(() => search(page).get("range")).toBe("1h");
  expect(search(page).get("unzoomed")).toBeNull();

  await drag(0.5, 0.99);
  await expect.poll(() => search(page).get("unzoomed")).toBe("1h");
  await expect(area).toBeVisible();
  await expect(chart(page, "Requests")).not.toHaveAttribute("aria-busy");
  const before = width();
  await drag(0.6, 0.97);
  await expect.poll(width).toBeLessThan(before);
  await page.getByRole("button", { name: "Reset zoom" }).click();
  await expect.poll(() => search(page).get("range")).toBe("1h");
  await expect(page.getByRole("button", { name: "Reset zoom" })).toBeHidden();
});

test("the keyboard reads a graph, and zooms", async ({ page }) => {
  await ask(page.request, 2, {});
  const end = Date.now() + 60_000 - (Date.now() % 60_000);
  await page.goto(`/console/analytics?${range(end - 600_000, end)}`);
  const plot = chart(page, "Requests").getByRole("application");
  await plot.focus();
  await page.keyboard.press("End");
  await expect(plot.getByRole("status")).toHaveText(/: Requests \d+$/);
  await page.keyboard.press("Shift+ArrowLeft");
  await expect(plot.getByRole("status")).toHaveText(/; 2 selected$/);
  await page.keyboard.press("Escape");
  await expect(plot.getByRole("status")).not.toHaveText(/selected/);
  await page.keyboard.press("Shift+ArrowLeft");
  await page.keyboard.press("Shift+ArrowLeft");
  await page.keyboard.press("Enter");
  await expect.poll(() => search(page).get("unzoomed")).not.toBeNull();
  expect(Date.parse(search(page).get("to")!) - Date.parse(search(page).get("from")!)).toBe(180_000);
});

test("groups by anything are sorted, paged, chosen and lead to their logs", async ({ page }) => {
  const key = unique("squad");
  await ask(page.request, 3, { [key]: "red", _user: `${key}-ann` });
  await ask(page.request, 1, { [key]: "blue", _user: `${key}-bob` });
  await page.goto("/console/analytics?range=1h&tab=groups");
  await page.getByRole("button", { name: "Other key…" }).click();
  await page.getByRole("textbox", { name: "Metadata key" }).fill(key);
  await page.keyboard.press("Enter");
  const table = page.getByRole("table", { name: `Requests by ${key}` });
  const names = () => table.locator("tbody th").allTextContents();
  await expect.poll(names).toEqual(["red", "blue"]);
  await expect(table.getByRole("row").nth(1)).toContainText("3");
  await table.getByRole("button", { name: "Requests" }).click();
  await expect.poll(names).toEqual(["blue", "red"]);
  await expect(table.getByRole("columnheader", { name: "Requests" })).toHaveAttribute("aria-sort", "ascending");

  await page.getByRole("button", { name: "Columns" }).click();
  await page.getByRole("dialog").getByLabel("Users").check();
  await page.keyboard.press("Escape");
  await expect(table.getByRole("columnheader", { name: "Users" })).toBeVisible();
  expect(search(page).get("columns")).toContain("users");

  const stacked = chart(page, `Requests by ${key}`);
  await expect(stacked.locator(".legend")).toContainText("red3");
  await stacked.getByRole("button", { name: /as table/ }).click();
  await expect(stacked.getByRole("columnheader")).toContainText(["Time", "red", "blue"]);
  const red = await stacked.locator("tbody tr td:nth-child(2)").allTextContents();
  expect(red.reduce((n, t) => n + Number(t), 0)).toBe(3);

  await table.getByRole("link", { name: "red" }).click();
  await expect(page.getByRole("heading", { name: "Logs", level: 1 })).toBeVisible();
  expect(search(page).get("meta")).toBe(`${key}=red`);
  await expect(page.getByRole("link", { name: /open this log/ })).toHaveCount(3);
});

test("every kind of group is answered, and users have pages", async ({ page }) => {
  const prefix = unique("u");
  for (let i = 0; i < 3; i++) await ask(page.request, 1, { _user: `${prefix}-${i}`, _prompt: "pp-e2e" });
  await page.goto("/console/analytics?range=1h&tab=groups");
  for (const name of ["Model", "Provider", "Virtual key", "Config", "API key", "User", "Status", "Prompt", "Workspace"]) {
    await page.getByLabel("Group by", { exact: true }).selectOption({ label: name });
    await expect(page.getByRole("table", { name: `Requests by ${name}` })).toBeVisible();
    await expect(page.getByRole("region", { name: "Groups, table" })).not.toHaveAttribute("aria-busy");
    await expect(page.getByRole("alert")).toHaveCount(0);
  }
  for (const measure of ["Cost", "Tokens", "Errors", "Mean latency", "p90 latency", "p99 latency"]) {
    await page.getByLabel("Graph", { exact: true }).selectOption({ label: measure });
    await expect(chart(page, `${measure} by Workspace`)).toBeVisible();
  }
  await page.goto("/console/analytics?range=1h&tab=groups&by=user&page=9999");
  await expect(page.getByText(/^No more of/)).toBeVisible();
  await page.getByRole("button", { name: "Page before" }).click();
  await expect(page.getByText(/^[\d,]+–[\d,]+ of/)).toBeVisible();
});
