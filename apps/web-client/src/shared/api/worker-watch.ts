import { create } from 'zustand';

/** Whether the worker has ended without being asked to: what was asked of it will not be answered. */
export const useWorkerWatch = create<{ readonly stopped: boolean }>()(() => ({ stopped: false }));

/**
 * Notices that a worker is gone. No event tells of that, so the worker holds a lock of its name as long as it lives
 * (`engine/alive.ts`) and says when it has it; whoever gets the lock next knows. A worker that cannot be loaded says so.
 */
export function watchWorker(worker: Worker, name: string): void {
  const stop = () => useWorkerWatch.setState({ stopped: true });
  let isAlive = false;
  worker.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (data !== 'alive' || isAlive) return;
    isAlive = true;
    void navigator.locks.request(name, { mode: 'shared' }, stop);
  });
  worker.addEventListener('error', () => {
    if (!isAlive) stop();
  });
}
