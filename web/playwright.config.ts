import { defineConfig } from "@playwright/test";

// Against a running Portico when PORTICO_E2E_URL names one, else against the
// fake server of e2e/fake.ts, which serves what `npm run build` made.
const url = process.env["PORTICO_E2E_URL"];
const fakePort = Number(process.env["PORTICO_E2E_FAKE_PORT"] ?? 8899);
const flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];

export const statePath = "test-results/session.json";

export default defineConfig({
  testDir: "e2e",
  outputDir: "test-results/run",
  workers: 1,
  timeout: 30_000,
  expect: { timeout: 6_000 },
  forbidOnly: process.env["CI"] === "true",
  reporter: [["list"]],
  use: {
    baseURL: url ?? `http://127.0.0.1:${fakePort}`,
    trace: "retain-on-failure",
    // Endless animations cost a browser without a graphics card half of its time.
    contextOptions: { reducedMotion: "reduce" },
    viewport: { width: 1440, height: 900 },
    permissions: ["clipboard-read", "clipboard-write"],
    launchOptions: { executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: flags },
  },
  projects: [
    { name: "first-run", testMatch: "first-run.setup.ts" },
    { name: "console", testMatch: "*.spec.ts", dependencies: ["first-run"], use: { storageState: statePath } },
  ],
  ...(url
    ? {}
    : {
        webServer: {
          command: "node --import tsx e2e/fake.ts --setup --still",
          env: { PORT: String(fakePort) },
          url: `http://127.0.0.1:${fakePort}/console/`,
          reuseExistingServer: false,
        },
      }),
});
