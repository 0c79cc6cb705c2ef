import { makeLog } from "./fake/logs.ts";
import { expect, serveLog, test } from "./fixtures.ts";

test("the palette jumps to pages and to a log by its id", async ({ page }) => {
  await page.goto("/console/logs");
  await expect(page.getByRole("heading", { name: "Logs", level: 1 })).toBeVisible();
  await page.keyboard.press("ControlOrMeta+k");
  const box = page.getByRole("combobox", { name: "Page, config, or log id" });
  await expect(box).toBeFocused();
  await page.keyboard.type("virt");
  await expect(page.getByRole("option").first()).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/virtual-keys/);
  await expect(box).toBeHidden();

  const log = makeLog("plain", Date.now());
  await serveLog(page, log);
  await page.keyboard.press("ControlOrMeta+k");
  await expect(box).toBeFocused();
  await page.keyboard.type(log._id);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/console/logs/${log._id}`));

  await page.keyboard.press("ControlOrMeta+k");
  await page.keyboard.press("Escape");
  await expect(box).toBeHidden();
});

test("the theme is chosen, kept, and follows the system otherwise", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "dark" });
  await page.goto("/console/logs");
  const html = page.locator("html");
  await expect(html).toHaveAttribute("data-theme", "dark");
  await page.getByRole("button", { name: "Light theme" }).click();
  await expect(html).toHaveAttribute("data-theme", "light");
  await page.reload();
  await expect(html).toHaveAttribute("data-theme", "light");
  await page.getByRole("button", { name: "System theme" }).click();
  await expect(html).toHaveAttribute("data-theme", "dark");
  await page.emulateMedia({ colorScheme: "light" });
  await expect(html).toHaveAttribute("data-theme", "light");
});
