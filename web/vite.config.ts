import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The API that `npm run dev` talks to: a Portico, or the fake of e2e/fake.ts.
const api = process.env["PORTICO_URL"] ?? "http://127.0.0.1:8787";

export default defineConfig({
  base: "/console/",
  plugins: [react()],
  build: {
    target: "es2022",
    // Small assets stay files: the content security policy allows no data: fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/v1": api } },
});
