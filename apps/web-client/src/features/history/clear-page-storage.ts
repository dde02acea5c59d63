/** What only a page can reach: settings, invites, and the worker that keeps a copy of the page. */
export async function clearPageStorage(): Promise<void> {
  localStorage.clear();
  sessionStorage.clear();
  const workers = (await navigator.serviceWorker?.getRegistrations()) ?? [];
  await Promise.all(workers.map((worker) => worker.unregister()));
}
