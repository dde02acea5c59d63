// Keeps the page itself, so that it opens without the network; `build/offline-shell.ts` puts BUILD and FILES above.
// What is fetched by name of content comes from the cache. A page is asked of the coordinator first, so that nobody
// sits on an old version, and comes from the cache where it does not answer: with the headers that it had, so that it
// stays isolated. The API, sockets and models pass by: models are kept by the engine, checked, in the browser's own
// file system.
/* global BUILD, FILES */
const PREFIX = 'perfit-shell-';
const CACHE = PREFIX + BUILD;
const PAGE = '/';
const known = new Set(FILES);

self.addEventListener('install', (event) => event.waitUntil(keep()));
self.addEventListener('activate', (event) => event.waitUntil(takeOver()));
self.addEventListener('message', ({ data, ports }) => {
  if (data === 'build') ports[0]?.postMessage(BUILD);
  if (data === 'activate') self.skipWaiting();
});
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (request.mode === 'navigate') {
    if (isPage(url.pathname)) event.respondWith(page(request));
  } else if (known.has(url.pathname) || url.pathname.startsWith('/assets/')) {
    event.respondWith(asset(request));
  }
});

async function keep() {
  const cache = await caches.open(CACHE);
  // Assets are named by their content: what the browser has already is right. The others are asked for anew.
  const requests = FILES.map(
    (path) => new Request(path, { cache: path.startsWith('/assets/') ? 'default' : 'no-cache' }),
  );
  await cache.addAll([new Request(PAGE, { cache: 'no-store' }), ...requests]);
}

/** Tabs of an earlier version may still ask for a part of it: it goes when none is open. */
async function takeOver() {
  const tabs = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  if (tabs.length <= 1) {
    const names = await caches.keys();
    const old = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
  }
  await self.clients.claim();
}

async function page(request) {
  try {
    const response = await fetch(request);
    // A proxy answers so where the coordinator behind it is gone.
    if (response.status < 502) return response;
  } catch {
    // The kept page says what needs the network.
  }
  const cache = await caches.open(CACHE);
  return (await cache.match(PAGE)) ?? Response.error();
}

async function asset(request) {
  const kept = await caches.match(request, { ignoreVary: true });
  return kept ?? fetch(request);
}

function isPage(path) {
  // What lies below /models/ are files of models; the address itself is a page.
  if (/^\/(api|assets|socket\.io|models)\//.test(path)) return false;
  return path.startsWith('/join/') || !path.split('/').at(-1).includes('.');
}
