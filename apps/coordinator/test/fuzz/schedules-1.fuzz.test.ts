import { vi } from 'vitest';
import { quickCrypto } from './quick-crypto.ts';
import { testSchedules } from './schedules.ts';

vi.mock('node:fs/promises', async () => (await import('./quick-files.ts')).quickFiles());
vi.stubGlobal('crypto', quickCrypto);

testSchedules(0);
