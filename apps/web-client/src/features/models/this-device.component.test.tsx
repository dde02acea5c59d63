import { describe, expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { done, playWorker, refused } from '../../../test/play-worker.ts';
import { sampleDevice } from '../../../test/samples.ts';
import { expectAccessible, see, seeFact, seeFailure, show } from '../../../test/stage.tsx';
import type { DeviceReport } from '../../contract/device-api.ts';
import { ThisDevice } from './this-device.tsx';

const reckoned = { maxLength: 256, batchSize: 1, rank: 8, contextLength: 2048 };
const playDevice = (device: DeviceReport) =>
  playWorker({ catalogue: async () => done({ device, budget: device.graphicsMemory, reckoned, models: [] }) });

describe('ThisDevice', () => {
  it('looks', async () => {
    await show(<ThisDevice backend="auto" />);
    await see('Checking what this device can do…');
    await expect.element(page.getByTestId('model-device')).not.toBeInTheDocument();
  });

  it('says what a graphics processor has', async () => {
    playDevice(sampleDevice);
    await show(<ThisDevice backend="auto" />);
    await see('This browser offers WebGPU.');
    await seeFact('Runs on', 'GPU Apple M2');
    await seeFact('Usable graphics memory', /^about 4\.0 GB/);
    await seeFact('Free storage', /^60 GB/);
    await expectAccessible();
  });

  it('says what a processor has', async () => {
    const cpu = {
      ...sampleDevice,
      backend: 'wasm',
      description: 'eight cores',
      graphicsMemory: null,
      storage: null,
    } as const;
    playDevice(cpu);
    await show(<ThisDevice backend="wasm" />);
    await seeFact('Runs on', 'CPU (WebAssembly) eight cores');
    await seeFact('Usable graphics memory', 'none Models run on the CPU, in WebAssembly’s memory.');
    await seeFact('Free storage', /^unknown/);
  });

  it('says that it can run no model', async () => {
    playWorker({ catalogue: async () => refused('device-none', 'WebAssembly is switched off.') });
    await show(<ThisDevice backend="auto" />);
    await seeFailure('This device can’t run models', 'WebAssembly is switched off.', 'device-none');
    await expectAccessible();
  });
});
