// Keeps what the page needs, so that it works without a network after the first time. Passages are asked for anew as
// long as the server answers; the model's address names its version, so it is never asked for twice.
const KEPT = "pagewise-browser-1";
const HOME = new URL(self.registration.scope).pathname; // /browser/, or below the path at which a proxy serves it

// The page itself came before this could see it.
self.addEventListener("install", (event) => {
  const page = caches.open(KEPT).then((kept) => kept.addAll(["./", "search.css", "search.js"]));
  event.waitUntil(page.then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const path = new URL(event.request.url).pathname;
  if (event.request.method === "GET" && path.startsWith(HOME)) event.respondWith(answer(event.request, path));
});

async function answer(request, path) {
  const kept = await caches.open(KEPT);
  const known = await kept.match(request, { ignoreVary: true, ignoreSearch: path === HOME });
  if (known && path.startsWith(`${HOME}model/`)) return known;
  try {
    const fresh = await fetch(request);
    if (fresh.ok) await kept.put(request, fresh.clone());
    return fresh;
  } catch (error) {
    if (known) return known;
    throw error;
  }
}
