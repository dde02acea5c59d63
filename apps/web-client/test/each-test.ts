// Set-up of every test of a component: each begins on an empty page, with a worker and a coordinator that have said nothing.
import { beforeEach } from 'vitest';
import { unmountAll } from './mount.ts';
import { forgetCoordinator } from './play-coordinator.ts';
import { forgetSocket } from './play-socket.ts';
import { forgetWorker } from './play-worker.ts';

beforeEach(async () => {
  unmountAll();
  await forgetWorker();
  forgetCoordinator();
  forgetSocket();
  localStorage.clear();
});
