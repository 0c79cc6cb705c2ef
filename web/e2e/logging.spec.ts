import { expect, real, test } from "./fixtures.ts";

test.skip(!real, "needs a Portico");

const keepAll = { request_logging: "full", enforce_debug_log_setting: false, redactions: [], denied_export_fields: [] };

test.afterEach(async ({ page }) => {
  await page.request.put("/v1/admin/organisation/logging", { data: keepAll });
});

test("bodies are redacted by rules, or not kept, as the switch says", async ({ page, send }) => {
  await page.goto("/console/logging");
  await page.getByRole("button", { name: "Add a rule" }).click();
  const rule = page.getByRole("group", { name: "Rule 1" });
  await rule.getByLabel("Name").fill("broken");
  await rule.getByLabel("Pattern").fill("(");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("alert")).toContainText("redactions[0]");
  await rule.getByLabel("Pattern").fill("[a-z]+@example[.]com");
  await rule.getByLabel("Replacement").fill("[mail]");
  await page.getByRole("checkbox", { name: "user", exact: true }).check();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Logging saved")).toBeVisible();
  await page.reload();
  await expect(rule.getByLabel("Replacement")).toHaveValue("[mail]");

  const { id } = await send("write to ada@example.com");
  await page.goto(`/console/logs/${id}`);
  await expect(page.getByRole("article", { name: "User" })).toContainText("write to [mail]");
  await page.goto("/console/exports?new=1");
  await expect(page.getByText("The organisation does not let user be exported.")).toBeVisible();

  await page.goto("/console/logging");
  await page.getByRole("radio", { name: /Metrics only/ }).check();
  await page.getByRole("button", { name: "Remove rule 1" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Logging saved")).toBeVisible();
  const bare = await send("kept nowhere");
  await page.goto(`/console/logs/${bare.id}`);
  await expect(page.getByText("No body was kept.").first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Replay" })).toBeDisabled();
});
