import { expect, owner, test } from "./fixtures.ts";

test.use({ storageState: { cookies: [], origins: [] } });

test("a deep link survives the sign-in, and a wrong password is refused", async ({ page }) => {
  await page.goto("/console/logs?status=error&range=7d");
  await expect(page).toHaveURL(/\/console\/login\?next=/);
  await page.getByLabel("Email").fill(owner.email);
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toContainText(/password/i);

  await page.getByLabel("Password").fill(owner.password);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/console\/logs\?/);
  await expect(page).toHaveURL(/status=error/);
  await expect(page.getByRole("button", { name: /^Status/ })).toContainText("Error");

  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await page.goto("/console/api-keys");
  await expect(page).toHaveURL(/login/);
});

test("a crafted link does not lead off the console after the sign-in", async ({ page }) => {
  await page.goto("/console/login?next=//evil.example/x");
  await page.getByLabel("Email").fill(owner.email);
  await page.getByLabel("Password").fill(owner.password);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Overview", level: 1 })).toBeVisible();
  expect(new URL(page.url()).pathname).toBe("/console/overview");
});

test("a session that ends sends its user to the sign-in and back", async ({ page, context }) => {
  await page.goto("/console/login?next=/logs");
  await page.getByLabel("Email").fill(owner.email);
  await page.getByLabel("Password").fill(owner.password);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Logs", level: 1 })).toBeVisible();
  await context.clearCookies();
  await expect(page).toHaveURL(/login\?next=.*logs/);
});
