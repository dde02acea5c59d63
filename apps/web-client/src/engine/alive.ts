/** Holds a lock of this worker's name as long as the worker lives, and says so: `shared/api/worker-watch.ts`. */
export function showLife(): void {
  // Locks are for pages of https: and of this machine only.
  if (!('locks' in navigator)) return;
  void navigator.locks.request(self.name, () => {
    self.postMessage('alive');
    return new Promise(() => {});
  });
}
