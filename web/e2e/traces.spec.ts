import { expect, real, test, unique } from "./fixtures.ts";

test.skip(!real, "needs a Portico");

test("a trace is listed, drawn as a waterfall, walked by the keyboard and read as a conversation", async ({ page, send }) => {
  const trace = unique("journey");
  const fallback = JSON.stringify({ strategy: { mode: "fallback" }, targets: [{ virtual_key: "mock", override_params: { model: "mock-gpt:status=503" } }, { virtual_key: "mock" }] });
  const span = (id: string, name: string, parent = "") => ({ "x-portkey-trace-id": trace, "x-portkey-span-id": id, "x-portkey-span-name": name, ...(parent && { "x-portkey-parent-span-id": parent }) });
  const plan = await send("What is the plan?", span("s1", "plan"));
  await send("And then?", span("s2", "answer", "s1"), plan.turns);
  await send("Rescue me", { ...span("s3", "rescued", "s1"), "x-portkey-config": fallback });

  await page.goto("/console/traces");
  const row = page.getByRole("row").filter({ hasText: trace });
  await expect(row).toContainText("plan");
  await expect(row.getByRole("cell").nth(4)).toHaveText("3");
  await row.getByRole("link").click();
  await expect(page).toHaveURL(new RegExp(`/console/traces/${trace}`));

  const spans = page.getByRole("treeitem");
  await expect(spans).toHaveCount(5);
  await expect(spans.nth(3)).toHaveAccessibleName(/config\.targets\[0\], Error.*503/);
  await expect(spans.nth(3)).toHaveAttribute("aria-level", "3");
  const width = async (n: number) => (await spans.nth(n).locator(".span-bar").boundingBox())!;
  const [whole, part] = [await width(2), await width(4)];
  expect(part.x + part.width).toBeLessThanOrEqual(whole.x + whole.width + 4);

  await spans.first().focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await expect(spans.nth(2)).toBeFocused();
  await page.keyboard.press("ArrowLeft");
  await expect(spans).toHaveCount(3);
  await page.keyboard.press("ArrowRight");
  await expect(spans).toHaveCount(5);
  await page.keyboard.press("Home");
  await expect(spans.first()).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("complementary", { name: "Log detail" })).toContainText("What is the plan?");
  await expect(page).toHaveURL(/log=/);
  await page.getByRole("button", { name: "Close (Esc)" }).click();

  await page.getByRole("tab", { name: "Conversation" }).click();
  await expect(page).toHaveURL(/tab=conversation/);
  await expect(page.getByRole("region", { name: "Request 3" })).toContainText("Rescue me");
  await expect(page.getByRole("article", { name: "User" })).toHaveText([/What is the plan\?/, /And then\?/, /Rescue me/]);
  await expect(page.getByText("2 earlier messages sent again; not repeated here.")).toBeVisible();
});

test("traces are filtered by what their requests are, and come in pages", async ({ page, send }) => {
  const team = unique("paged");
  const metadata = { "x-portkey-metadata": JSON.stringify({ team }) };
  for (let i = 0; i < 53; i++) await send(`number ${i}`, metadata);
  await page.goto(`/console/traces?meta=team%3D${team}`);
  const rows = page.locator("tbody tr");
  await expect(rows).toHaveCount(50);
  await page.getByRole("button", { name: "Load more" }).click();
  await expect(rows).toHaveCount(53);
  await page.getByRole("button", { name: "Clear metadata filter" }).click();
  await page.keyboard.press("/");
  await page.keyboard.type("nothing-has-this");
  await expect(page.getByRole("heading", { name: "No trace matches these filters" })).toBeVisible();
});
