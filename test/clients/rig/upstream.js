// The stand-in for the providers; see test/upstream/README.md.
const address = process.env.UPSTREAM_URL;

async function control(path, body) {
  const response = await fetch(address + path, body === undefined ? {} : { method: "POST", body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`upstream: ${path}: ${text}`);
  return text ? JSON.parse(text) : undefined;
}

/** Forgets what was scripted and received. */
export const reset = () => control("/__reset", {});

/** Scripts the replies to a provider's next requests, one step each. */
export const script = (provider, ...steps) => control("/__script", { provider, steps });

/** Replays a recording for all of its provider's requests from now on. */
export const replay = (recording, provider = recording.provider) => script(provider, { case: recording.case, times: -1 });

/** What a provider has received since the last reset. */
export async function requests(provider) {
  return (await control(`/__requests?provider=${provider}`)).requests ?? [];
}
