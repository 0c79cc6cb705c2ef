import type { Page } from "@playwright/test";
import { chat, expect, test, unique } from "./fixtures.ts";

async function chooseProvider(page: Page, id: string, name: string): Promise<void> {
  const box = page.getByRole("combobox", { name: "Provider" });
  await box.fill(id);
  await page.getByRole("option", { name: `${name} ${id}`, exact: true }).click();
  await expect(box).toHaveValue(name);
}

test("a virtual key is made, rotated and deleted, and its secret never comes back", async ({ page }) => {
  const slug = unique("vk");
  const secret = `sk-${unique("secret")}`;
  await page.goto("/console/virtual-keys");
  await page.getByRole("button", { name: "New virtual key" }).click();
  await expect(page).toHaveURL(/new=1/);
  const dialog = page.getByRole("dialog");
  await chooseProvider(page, "openai", "OpenAI");
  await dialog.getByLabel("Name", { exact: true }).fill(slug);
  await dialog.getByLabel("API key").fill(secret);
  await dialog.getByLabel("Slug").fill(slug);
  await dialog.getByRole("button", { name: "Create virtual key" }).click();
  await expect(dialog).toBeHidden();
  const row = page.getByRole("row").filter({ hasText: slug });
  await expect(row).toContainText("OpenAI");

  await row.getByRole("button", { name: /^Actions for/ }).click();
  await page.getByRole("menuitem", { name: "Edit or rotate" }).click();
  await expect(page).toHaveURL(new RegExp(`edit=${slug}`));
  await expect(dialog.getByLabel("API key")).toHaveValue("");
  await dialog.getByLabel("API key").fill("sk-another-secret");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Secret rotated")).toBeVisible();
  expect(await page.content()).not.toContain(secret);

  await row.getByRole("button", { name: /^Actions for/ }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await dialog.getByRole("button", { name: "Delete virtual key" }).click();
  await expect(row).toHaveCount(0);
});

test("a slug that is taken is refused at its field", async ({ page }) => {
  const slug = unique("vk");
  await page.request.post("/v1/virtual-keys", { data: { name: slug, provider: "openai", key: "sk-x", slug } });
  await page.goto("/console/virtual-keys?new=1");
  const dialog = page.getByRole("dialog");
  await chooseProvider(page, "openai", "OpenAI");
  await dialog.getByLabel("Name", { exact: true }).fill(slug);
  await dialog.getByLabel("API key").fill("sk-y");
  await dialog.getByLabel("Slug").fill(slug);
  await dialog.getByRole("button", { name: "Create virtual key" }).click();
  await expect(dialog.getByText(new RegExp(slug)).first()).toBeVisible();
  await expect(dialog).toBeVisible();
});

test("a provider is found by typing and chosen by keyboard alone", async ({ page }) => {
  await page.goto("/console/virtual-keys?new=1");
  const box = page.getByRole("combobox", { name: "Provider" });
  await expect(box).toBeFocused();
  await expect(box).toHaveValue("OpenAI");
  await page.keyboard.type("cloudfl");
  await expect(page.getByRole("option")).toHaveCount(1);
  await page.keyboard.press("Enter");
  await expect(box).toHaveValue("Cloudflare Workers AI");
  await expect(page.getByRole("dialog").getByLabel("Account id")).toBeVisible();

  await box.fill("no such provider");
  await expect(page.getByText("Nothing matches")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog").getByRole("heading", { name: "New virtual key" })).toBeVisible();

  await box.fill("");
  await page.keyboard.press("ArrowDown");
  expect(await page.getByRole("option").count()).toBeGreaterThan(50);
});

test("an API key is shown once and works", async ({ page, playwright, baseURL }) => {
  const name = unique("service");
  await page.goto("/console/api-keys");
  await page.getByRole("button", { name: "New API key" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill(name);
  await expect(dialog.getByRole("checkbox", { name: "completions.write" })).toBeChecked();
  await dialog.getByRole("button", { name: "Create API key" }).click();

  await expect(dialog.getByRole("heading", { name: "API key created" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(dialog).toBeVisible();
  await dialog.getByRole("button", { name: "Copy key" }).click();
  const key = await page.evaluate(() => navigator.clipboard.readText());
  await dialog.getByRole("button", { name: "I have copied it" }).click();
  await expect(page.getByRole("row").filter({ hasText: name })).toBeVisible();
  expect(await page.content()).not.toContain(key);

  const anonymous = await playwright.request.newContext(baseURL ? { baseURL } : {});
  await chat(anonymous, key, "with a key of the console");
  await anonymous.dispose();
});

test("an API key is edited, rotated and deleted", async ({ page }) => {
  const name = unique("service");
  await page.request.post("/v1/api-keys/workspace/service", { data: { name, scopes: ["completions.write"] } });
  await page.goto("/console/api-keys");
  const row = page.getByRole("row").filter({ hasText: name });
  const dialog = page.getByRole("dialog");
  await row.getByRole("button", { name: /^Actions for/ }).click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
  await dialog.getByRole("checkbox", { name: "logs.view" }).check();
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(row).toContainText("completions.write, logs.view");

  await row.getByRole("button", { name: /^Actions for/ }).click();
  await page.getByRole("menuitem", { name: "Rotate" }).click();
  await dialog.getByRole("button", { name: "Rotate key" }).click();
  await expect(dialog.getByRole("heading", { name: "API key rotated" })).toBeVisible();
  await dialog.getByRole("button", { name: "I have copied it" }).click();
  await expect(dialog).toBeHidden();
  await expect(row).toContainText(/old value ends in \d+ min/);

  await row.getByRole("button", { name: /^Actions for/ }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await dialog.getByRole("button", { name: "Delete API key" }).click();
  await expect(row).toHaveCount(0);
});

test("an organisation key is not offered inference", async ({ page }) => {
  await page.goto("/console/api-keys?new=1");
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("radio", { name: /Organisation service/ }).check();
  await expect(dialog.getByRole("checkbox", { name: "completions.write" })).toHaveCount(0);
  await expect(dialog.getByRole("checkbox", { name: "organisation_service_api_keys.create" })).toBeVisible();
});
