import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Coordinator, createCoordinator } from '@perfit/coordinator';
import { AdminClient } from '@perfit/protocol/admin';
import { pino } from 'pino';
import { SteeredClock } from './steered-clock.ts';

/** A coordinator for one federation, in this process. */
export interface Host {
  readonly coordinator: Coordinator;
  readonly clock: SteeredClock;
  /** Again after time was let pass: an operator's session ends by the same clock. */
  logIn(): Promise<AdminClient>;
  /** Its data go with it. */
  close(): Promise<void>;
}

/**
 * Listens on a free port, for this machine only.
 * @param model the folder of the base model
 * @throws StartupError where it cannot start
 */
export async function openHost(model: string): Promise<Host> {
  const clock = new SteeredClock();
  const folder = await mkdtemp(join(tmpdir(), 'perfit-live-'));
  const clear = () => rm(folder, { recursive: true, force: true });
  try {
    const coordinator = await createCoordinator({
      dataDirectory: join(folder, 'data'),
      modelsDirectory: await modelsWith(model, join(folder, 'models')),
      host: '127.0.0.1',
      port: 0,
      clock,
      logger: pino({ level: 'error' }, pino.destination(2)),
    });
    const { url, operator } = coordinator;
    return {
      coordinator,
      clock,
      logIn: () => AdminClient.signedIn({ url, fetch }, { name: operator.name, password: operator.password ?? '' }),
      close: () => coordinator.close().finally(clear),
    };
  } catch (error) {
    await clear();
    throw error;
  }
}

/** The clients have the model already; a coordinator needs what the layout follows from. */
async function modelsWith(model: string, models: string): Promise<string> {
  const own = join(models, basename(model));
  await mkdir(own, { recursive: true });
  await copyFile(join(model, 'config.json'), join(own, 'config.json'));
  return models;
}
