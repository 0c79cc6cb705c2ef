import type { Session } from "../src/api/types.ts";
import { statePath } from "../playwright.config.ts";
import { expect, owner, setupToken, test } from "./fixtures.ts";

// Goes through the set-up where it is still due, else signs in; either way the
// session is kept for all other specs.
test("the owner gets in", async ({ page }) => {
  const session = (await (await page.request.get("/v1/console/session")).json()) as Session;
  if (session.state === "setup") {
    await page.goto("/console/");
    await expect(page.getByRole("heading", { name: "Welcome to Portico" })).toBeVisible();
    await expect(page.getByText("one-time set-up link")).toBeVisible();

    await page.goto("/console/setup?token=wrong");
    await fillOwner(page);
    await page.getByRole("button", { name: "Create account" }).click();
    await expect(page.getByRole("alert")).toBeVisible();

    await page.goto(`/console/setup?token=${setupToken}`);
    await fillOwner(page);
    await page.getByRole("button", { name: "Create account" }).click();
  } else {
    await page.goto("/console/login");
    await page.getByLabel("Email").fill(owner.email);
    await page.getByLabel("Password").fill(owner.password);
    await page.getByRole("button", { name: "Sign in" }).click();
  }
  await expect(page.getByRole("heading", { name: "Logs", level: 1 })).toBeVisible();
  await page.context().storageState({ path: statePath });
});

async function fillOwner(page: import("@playwright/test").Page): Promise<void> {
  await page.getByLabel("Name").fill(owner.name);
  await page.getByLabel("Email").fill(owner.email);
  await page.getByLabel("Password").fill(owner.password);
}
