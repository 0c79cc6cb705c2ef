import { expect, test, typeConfig, unique } from "./fixtures.ts";

const config = (model: string) => JSON.stringify({ strategy: { mode: "fallback" }, targets: [{ provider: "openai", override_params: { model } }, { provider: "anthropic" }] });

test("a config is written with help, saved, changed, compared, restored and deleted", async ({ page }) => {
  const name = unique("Config");
  await page.goto("/console/configs");
  await page.getByRole("link", { name: "New config" }).click();
  await page.getByLabel("Name").fill(name);

  await typeConfig(page, '{"strategy": {"mode": "roundrobin"}, "targets": [{"provider": "openai"}]}');
  await expect(page.getByText("1 problem")).toBeVisible();
  const problem = page.getByRole("button", { name: /strategy\.mode/ });
  await expect(problem).toBeVisible();
  await expect(page.locator(".cm-lintRange-error")).toHaveText('"roundrobin"');

  await typeConfig(page, "{ not json");
  await expect(page.getByText("Not JSON yet")).toBeVisible();
  await expect(page.getByRole("button", { name: "Create config" })).toBeDisabled();

  await typeConfig(page, config("gpt-4.1"));
  await expect(page.getByText("Valid", { exact: true })).toBeVisible();
  await expect(page.getByRole("region", { name: "What it does" })).toContainText("openai · gpt-4.1");
  await page.getByRole("button", { name: "Create config" }).click();
  await expect(page.getByRole("heading", { name, level: 1 })).toBeVisible();
  await expect(page).toHaveURL(/\/console\/configs\/pc-/);

  await typeConfig(page, config("gpt-4o-mini"));
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Config saved")).toBeVisible();
  await expect(page.getByRole("button", { name: "Save" })).toBeDisabled();

  await page.getByLabel(/^Default of the workspace/).check();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("button", { name: "Save" })).toBeDisabled();
  await page.getByRole("link", { name: "Configs" }).click();
  const row = page.getByRole("row").filter({ hasText: name });
  await expect(row).toContainText("default");
  await row.getByRole("link", { name }).click();
  await page.getByLabel(/^Default of the workspace/).uncheck();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("button", { name: "Save" })).toBeDisabled();

  await page.getByRole("tab", { name: "Versions" }).click();
  await expect(page.getByRole("heading", { name: "Changes of version 2" })).toBeVisible();
  await expect(page.locator(".cm-deletedChunk")).toContainText("gpt-4.1");
  await page.getByRole("button", { name: "Side by side" }).click();
  await expect(page).toHaveURL(/diff=split/);
  await expect(page.locator(".cm-mergeView")).toBeVisible();

  await page.getByRole("button", { name: /Version 1/ }).click();
  await page.getByRole("button", { name: "Restore this version" }).click();
  await expect(page.getByText("Version 1 is current again")).toBeVisible();
  await expect(page.getByRole("button", { name: /Version 3, current/ })).toBeVisible();
  await page.getByRole("tab", { name: "Editor" }).click();
  await expect(page.locator(".cm-content")).toContainText("gpt-4.1");

  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete config" }).click();
  await expect(page).toHaveURL(/\/console\/configs$/);
  await expect(page.getByText(name)).toHaveCount(0);
});

test("the editor completes keys and values from the schema", async ({ page }) => {
  await page.goto("/console/configs/new");
  await typeConfig(page, '{"strategy": {}}');
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Control+Space");
  const options = page.locator(".cm-tooltip-autocomplete li");
  await expect(options.filter({ hasText: "mode" }).first()).toBeVisible();
  await page.keyboard.type('"mo');
  await expect(options).toHaveCount(1);
  await page.waitForTimeout(200);
  await page.keyboard.press("Enter");
  await expect(page.locator(".cm-content")).toContainText('"mode": ""');
  await page.keyboard.press("Control+Space");
  await expect(options.filter({ hasText: "fallback" })).toBeVisible();
});

test("changes that were not saved are not lost by accident", async ({ page }) => {
  await page.goto("/console/configs/new");
  await page.getByLabel("Name").fill("Half done");
  await page.getByRole("link", { name: "Logs" }).click();
  const dialog = page.getByRole("dialog", { name: "Leave without saving?" });
  await dialog.getByRole("button", { name: "Stay" }).click();
  await expect(page.getByLabel("Name")).toHaveValue("Half done");
  await page.getByRole("link", { name: "Logs" }).click();
  await dialog.getByRole("button", { name: "Leave" }).click();
  await expect(page).toHaveURL(/\/console\/logs/);
});

test("the keyboard gets out of the editor", async ({ page }) => {
  await page.goto("/console/configs/new");
  await page.getByRole("textbox", { name: "Config, as JSON" }).click();
  await page.keyboard.press("Tab");
  await expect(page.locator(".cm-content")).not.toBeFocused();
});
