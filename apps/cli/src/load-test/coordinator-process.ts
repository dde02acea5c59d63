// The coordinator that is measured, in a process of its own, with the defaults that `perfit serve` has.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { createCoordinator } from '@perfit/coordinator';
import { layoutOf } from '@perfit/federation';
import { pino } from 'pino';
import { dimensionsOf, federationInput, federationOf, LOADED, modelConfig } from './plan.ts';
import type { CoordinatorPart, FromCoordinator, ToCoordinator } from './processes.ts';
import { measureSums } from './sum-path.ts';

const { folder, ...plan } = JSON.parse(process.argv[2] ?? '{}') as CoordinatorPart;
function tell(message: FromCoordinator): void {
  process.send?.(message);
}

async function start() {
  const modelsDirectory = join(folder, 'models');
  await mkdir(join(modelsDirectory, LOADED), { recursive: true });
  await writeFile(join(modelsDirectory, LOADED, 'config.json'), JSON.stringify(modelConfig(plan)));
  const coordinator = await createCoordinator({
    dataDirectory: join(folder, 'data'),
    modelsDirectory,
    host: '127.0.0.1',
    port: 0,
    // The whole swarm has one address.
    limits: { connectionsPerAddress: plan.clients + 10 },
    logger: pino({ level: 'error' }, pino.destination(2)),
    ...(plan.databaseUrl ? { databaseUrl: plan.databaseUrl } : {}),
  });
  await coordinator.createFederation(federationInput(plan), { id: LOADED, start: true });
  return coordinator;
}

/** A sentence instead of a stack. */
async function failed(error: unknown): Promise<never> {
  const isUsed = error instanceof Error && 'code' in error && error.code === 'exists';
  const hint = isUsed ? 'the database is not empty; every load needs one of its own' : String(error);
  await new Promise<void>((resolve) => process.send?.({ type: 'failed', reason: hint }, () => resolve()));
  process.exit(1);
}

const coordinator = await start().catch(failed);
let delays: IntervalHistogram | null = null;

async function obey(order: ToCoordinator): Promise<void> {
  switch (order.type) {
    case 'watch-loop':
      delays ??= monitorEventLoopDelay({ resolution: 1 });
      delays.enable();
      return tell({ type: 'watching' });
    case 'loop-watched': {
      delays?.disable();
      const at = (percentile: number) => (delays?.percentile(percentile) ?? 0) / 1e6;
      const peakRss = process.resourceUsage().maxRSS * 1024;
      return tell({ type: 'loop', p50: at(50), p99: at(99), max: (delays?.max ?? 0) / 1e6, peakRss });
    }
    case 'measure-sums':
      return tell({ type: 'sums', sums: await measureSums(plan) });
    case 'theta': {
      const path = join(folder, 'theta.f32');
      const theta = await coordinator.globalTheta(LOADED);
      await writeFile(path, new Uint8Array(theta.buffer));
      return tell({ type: 'theta', path });
    }
    case 'end':
      await coordinator.close();
      process.disconnect();
  }
}

process.on('message', (order: ToCoordinator) => {
  obey(order).catch((error: unknown) => tell({ type: 'failed', reason: String(error) }));
});
const { size } = layoutOf(federationOf(plan), dimensionsOf(plan));
tell({ type: 'listening', url: coordinator.url, size, restRss: process.memoryUsage.rss() });
