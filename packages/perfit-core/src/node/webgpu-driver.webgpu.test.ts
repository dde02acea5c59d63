import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { needsWebGpu } from '../../../../testing/needs.ts';
import { type AskDawn, chromiumsDriver, findWebGpuDriver, type WebGpuDriver } from './webgpu-driver.ts';

const gpu: WebGpuDriver = { adapter: 'hardware', description: 'a GPU', environment: {} };
const lavapipe: WebGpuDriver = { adapter: 'software', description: 'llvmpipe', environment: {} };
const none: WebGpuDriver = { adapter: 'none', description: '', environment: {} };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'perfit-driver-'));
  // As it is where nobody has chosen: the run's own set-up has.
  for (const name of ['VK_ICD_FILENAMES', 'VK_DRIVER_FILES']) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** A driver's file, as `icd.d` has them, for a library that is not there: no Vulkan loader and no Dawn takes it. */
function writeRefusedDriver(place: string): string {
  mkdirSync(place, { recursive: true });
  const file = join(place, 'refused_icd.json');
  const ICD = { library_path: './libvulkan_refused.so', api_version: '1.3.0' };
  writeFileSync(file, JSON.stringify({ file_format_version: '1.0.0', ICD }));
  return file;
}

/** Dawn that finds this where nothing is said, and SwiftShader where it is pointed to. */
function dawnWith(own: WebGpuDriver): { ask: AskDawn; asked: Record<string, string>[] } {
  const asked: Record<string, string>[] = [];
  return {
    asked,
    ask: async (environment) => {
      asked.push(environment);
      const isPointed = environment.VK_ICD_FILENAMES !== undefined;
      return isPointed ? { adapter: 'software', description: 'SwiftShader', environment } : own;
    },
  };
}

describe('the driver for WebGPU in Node', () => {
  it.each([gpu, lavapipe])('is the own one of the machine where Dawn takes it: $description', async (own) => {
    const { ask, asked } = dawnWith(own);
    expect(await findWebGpuDriver(ask)).toBe(own);
    expect(asked).toEqual([{}]);
  });

  it('is none where nothing is taken', async () => {
    expect(await findWebGpuDriver(async () => none)).toEqual(none);
  });

  it('is none where the one that somebody named is not taken, whatever else there is', async () => {
    vi.stubEnv('VK_ICD_FILENAMES', writeRefusedDriver(folder));
    expect(await findWebGpuDriver()).toEqual(none);
    const { ask, asked } = dawnWith(none);
    expect(await findWebGpuDriver(ask)).toBe(none);
    expect(asked).toEqual([{}]);
  });
});

describe('on a machine with a Chromium', needsWebGpu, () => {
  it('a driver that is listed, but that Dawn refuses, counts as none', async () => {
    const chromiums = await chromiumsDriver();
    const own = await findWebGpuDriver();
    // Where the loader looks for drivers, besides the places of the system.
    vi.stubEnv('XDG_DATA_HOME', folder);
    writeRefusedDriver(join(folder, 'vulkan', 'icd.d'));
    if (chromiums) vi.stubEnv('LD_LIBRARY_PATH', dirname(chromiums.environment.VK_ICD_FILENAMES as string));
    const found = await findWebGpuDriver();
    expect(found.adapter).toBe(own.adapter);
    expect(found.adapter).not.toBe('none');
  }, 60_000);
});
