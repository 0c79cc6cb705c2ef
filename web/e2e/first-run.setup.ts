import type { Session } from "../src/api/types.ts";
import { statePath } from "../playwright.config.ts";
import { expect, expectAccessible, owner, setupToken, test } from "./fixtures.ts";

// Goes through the set-up where it is still due, else signs in; either way the
// session is kept for all other specs.
test("the owner gets in", async ({ page }) => {
  const session = (await (await page.request.get("/v1/console/session")).json()) as Session;
  if (session.state === "setup") {
    await page.goto("/console/");
    await expect(page.getByRole("heading", { name: "Welcome to Portico" })).toBeVisible();
    await expect(page.getByText("one-time set-up link")).toBeVisible();
    await accessibleInBothThemes(page);

    await page.goto("/console/setup?token=wrong");
    await page.getByLabel("Password").fill("too short");
    await page.getByLabel("Password").press("Enter");
    await expect(page.getByText("At least 10 characters.")).toBeVisible();
    expect(await page.getByLabel("Password").evaluate((e: HTMLInputElement) => e.validity.valid)).toBe(false);
    await fillOwner(page);
    await page.getByRole("button", { name: "Create account" }).click();
    await expect(page.getByRole("alert")).toBeVisible();
    await accessibleInBothThemes(page);

    await page.goto(`/console/setup?token=${setupToken}`);
    await fillOwner(page);
    await page.getByRole("button", { name: "Create account" }).click();
  } else {
    await page.goto("/console/login");
    await page.getByLabel("Email").fill(owner.email);
    await page.getByLabel("Password").fill(owner.password);
    await page.getByRole("button", { name: "Sign in" }).click();
  }
  await expect(page.getByRole("heading", { name: /^(Logs|Overview)$/, level: 1 })).toBeVisible();
  await page.context().storageState({ path: statePath });
});

async function accessibleInBothThemes(page: import("@playwright/test").Page): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await expect(page.locator("html")).toHaveAttribute("data-theme", colorScheme);
    await expectAccessible(page);
  }
}

async function fillOwner(page: import("@playwright/test").Page): Promise<void> {
  await page.getByLabel("Name").fill(owner.name);
  await page.getByLabel("Email").fill(owner.email);
  await page.getByLabel("Password").fill(owner.password);
}
