import { expect, real, test } from "./fixtures.ts";

test.skip(!real, "needs a Portico");

test("feedback is listed with its distribution, which chooses, and leads to its trace", async ({ page, send }) => {
  const { trace } = await send("judge this");
  const give = (value: number, weight: number, comment: string) => page.request.post("/v1/feedback", { data: { trace_id: trace, value, weight, metadata: { comment } } });
  await give(10, 1, "splendid");
  await give(10, 0.5, "fine");
  await give(-2, 1, "too long");
  await page.goto(`/console/feedback?trace=${trace}`);
  const rows = page.locator("tbody tr");
  await expect(rows).toHaveCount(3);
  await expect(rows.filter({ hasText: "fine" })).toContainText("0.5");
  await expect(page.getByText("4.33")).toBeVisible();
  const ten = page.getByRole("button", { name: "Value +10: 2 times" });
  await ten.click();
  await expect(page).toHaveURL(/value=10/);
  await expect(rows).toHaveCount(2);
  await page.getByRole("button", { name: "Value −2: 1 time" }).click();
  await expect(rows).toHaveCount(3);
  await rows.first().getByRole("link").click();
  await expect(page.getByRole("heading", { name: "Trace", level: 1 })).toBeVisible();
  await page.locator("summary", { hasText: "Feedback" }).click();
  await expect(page.getByText("too long")).toBeVisible();
});

test("a failure to load says so and can be tried again", async ({ page }) => {
  let broken = true;
  await page.route("**/v1/feedback?**", (route) => (broken ? route.fulfill({ status: 400, json: { error: { message: "value must be whole numbers." } } }) : route.continue()));
  await page.goto("/console/feedback");
  await expect(page.getByRole("alert")).toContainText("value must be whole numbers.");
  broken = false;
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("alert")).toBeHidden();
});
