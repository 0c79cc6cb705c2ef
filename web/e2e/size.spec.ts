import { gzipSync } from "node:zlib";
import { expect, test } from "./fixtures.ts";

for (const [path, name] of [["logs", "Logs"], ["overview", "Overview"]] as const) {
  test(`the page ${path} costs at most 350 kB of code`, async ({ page }) => {
    const sizes: Promise<[string, number]>[] = [];
    page.on("response", (response) => {
      if (/\.(js|css)$/.test(response.url())) sizes.push(response.body().then((body) => [response.url(), gzipSync(body).length]));
    });
    await page.goto(`/console/${path}`);
    await expect(page.getByRole("heading", { name, level: 1 })).toBeVisible();
    const all = await Promise.all(sizes);
    const total = all.reduce((sum, [, size]) => sum + size, 0);
    expect(total).toBeGreaterThan(50_000);
    expect(total, JSON.stringify(all)).toBeLessThan(350_000);
  });
}
