import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/ui.css";
import "./styles/layers.css";
import "./styles/shell.css";
import "./styles/logs.css";
import "./styles/log.css";
import "./styles/pages.css";
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError } from "./api/client.ts";
import { again, sessionQuery } from "./api/queries.ts";
import { makeRouter } from "./router.tsx";
import { followSystemTheme } from "./shell/theme.ts";
import { ToastProvider } from "./ui/toast.tsx";

// A session that ended is noticed at the next call; the router then asks to sign in.
function onError(error: unknown): void {
  if (!(error instanceof ApiError) || error.status !== 401) return;
  const session = client.getQueryData(sessionQuery.queryKey);
  if (session?.state !== "signed_in") return;
  client.setQueryData(sessionQuery.queryKey, { ...session, state: "signed_out" });
  void router.invalidate();
}

const client = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: again,
    },
  },
});
const router = makeRouter(client);

followSystemTheme();
// After an upgrade the files that this page was built with are gone; the new page knows its own.
addEventListener("vite:preloadError", () => location.reload());
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <ToastProvider>
        <RouterProvider router={router} />
      </ToastProvider>
    </QueryClientProvider>
  </StrictMode>,
);
