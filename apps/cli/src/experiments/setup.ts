import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, platform } from 'node:os';
import { resolve } from 'node:path';
import { modelName } from '@perfit/core/node';
import type { BackendChoice } from '../local-model.ts';
import type { Plan } from './experiment.ts';
import type { Setup } from './results-file.ts';

/** How an experiment is run, for whoever reads its results. No absolute path of this machine is in it. */
export function setupOf(
  { config, cells }: Plan,
  { file, backend, now }: { file: string; backend: BackendChoice; now: Date },
): Setup {
  return {
    name: config.name,
    config: readFileSync(resolve(file), 'utf8'),
    model: modelName(config.model),
    backend,
    machine: machine(),
    date: now.toISOString(),
    clients: (cells[0]?.texts ?? []).map(({ name, training, heldOut }) => ({
      name,
      training: training.length,
      heldOut: heldOut.length,
    })),
  };
}

function machine(): string {
  const [cpu] = cpus();
  return `${cpu?.model.trim() ?? arch()}, ${availableParallelism()} threads, ${platform()}, Node ${process.version}`;
}
