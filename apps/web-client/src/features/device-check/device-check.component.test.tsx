import { describe, expect, it, vi } from 'vitest';
import { page } from 'vitest/browser';
import { done, playWorker, refused } from '../../../test/play-worker.ts';
import { sampleDevice, sampleFederation } from '../../../test/samples.ts';
import { button, expectAccessible, see, seeFact, seeFailure, seeNot, show } from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import type { DeviceReport } from '../../contract/device-api.ts';
import type { Outcome } from '../../contract/outcome.ts';
import type { DeviceProbe, ProbeApi } from '../../contract/probe-api.ts';
import { DeviceCheck } from './device-check.tsx';

const gpu = sampleDevice;
const cpu: DeviceReport = {
  ...gpu,
  backend: 'wasm',
  reason: 'This browser offers no WebGPU.',
  threads: 4,
  largestBuffer: null,
  graphicsMemory: null,
  storage: null,
};
const probe: DeviceProbe = {
  device: gpu,
  speed: 600e9,
  model: {
    fit: { verdict: 'fits', sentence: 'It takes 20 MB of 4.0 GB.' },
    precision: 'f32',
    work: { forward: 1e6, step: 3e6 },
  },
  most: { tuning: 'SmolLM2 360M', chat: 'Qwen3 1.7B' },
};
const check = <DeviceCheck step={3} wish={{ backend: 'auto' }} federation={sampleFederation()} />;

const line = () => page.getByTestId('device');
const details = () => line().click();

const playDevice = (device: DeviceReport, probed: Outcome<DeviceProbe>) => {
  const probeDevice = vi.fn<ProbeApi['probeDevice']>(async () => probed);
  playWorker({ describeDevice: async () => done(device), probeDevice });
  return probeDevice;
};

describe('DeviceCheck', () => {
  it('says that it looks, and then that it measures', async () => {
    const looking = later<Outcome<DeviceReport>>();
    playWorker({ describeDevice: () => looking.answer });
    await show(check);
    await see('Checking what this device can do…');
    await details();
    await see('Checking what fits…');
    await expect.element(button('Measure again')).toBeDisabled();
    looking.give(done(gpu));
    await expect.element(line()).toHaveTextContent('GPU · measuring…');
    await see('This browser offers WebGPU.');
    await seeFact('Speed', /measuring…\s+this takes a second or two/);
    await expectAccessible();
  });

  it('says that this device cannot take part', async () => {
    playWorker({ describeDevice: async () => refused('device-none', 'WebAssembly is switched off.') });
    await show(check);
    await seeFailure('This device can’t take part', 'WebAssembly is switched off.', 'device-none');
    await seeNot('Speed', 'Checking what fits…');
    await expectAccessible();
  });

  it('says how fast a graphics processor is, what it holds, and measures once more when asked', async () => {
    const probeDevice = playDevice(gpu, done(probe));
    await show(check);
    await expect.element(line()).toHaveTextContent('GPU · 600 GFLOP/s · like the GPU of a good laptop');
    await see('Fits');
    await details();
    await seeFact('Runs on', /GPU\s+WebGPU: Apple M2/);
    await seeFact('Speed', /600 GFLOP\/s\s+like the GPU of a good laptop/);
    await seeFact('Usable memory', /4\.0 GB/);
    await see('It takes 20 MB of 4.0 GB.');
    await see('From our catalog, it could tune any model up to SmolLM2 360M and chat with any up to Qwen3 1.7B.');
    await expectAccessible();
    playWorker({ probeDevice: async () => done({ ...probe, speed: 700e9 }) });
    await button('Measure again').click();
    await see('700 GFLOP/s');
    expect(probeDevice).toHaveBeenCalledOnce();
  });

  it('says the same of a processor', async () => {
    playDevice(cpu, done({ ...probe, device: cpu, speed: 3.4e9, most: { tuning: null, chat: null } }));
    await show(check);
    await expect.element(line()).toHaveTextContent('CPU · 3.4 GFLOP/s · slow: enough for the smallest models');
    await details();
    await seeFact('Runs on', /CPU\s+WebAssembly, 4 threads/);
    await seeFact('Speed', /3\.4 GFLOP\/s\s+slow: enough for the smallest models/);
    await seeFact('Usable memory', /4\.3 GB\s+the most WebAssembly can address/);
    await seeFact('Free storage', 'unknown');
    await see('No model in our catalog would fit this device.');
  });

  it.each([
    ['tight', 'Tight', 'It takes 3.8 GB of 4.0 GB.'],
    ['too large', 'Too large', 'It takes 9.0 GB of 4.0 GB.'],
  ] as const)('says that a model is %s', async (verdict, word, sentence) => {
    playDevice(gpu, done({ ...probe, model: { ...probe.model, precision: null, fit: { verdict, sentence } } }));
    await show(check);
    await see(word, sentence);
    await expectAccessible();
  });

  it('says that it could not measure, and tries again', async () => {
    playDevice(gpu, refused('device-busy', 'Somebody takes part in this tab.'));
    await show(check);
    await seeFailure('Could not measure the speed', 'Somebody takes part in this tab.');
    await expect.element(line()).toHaveTextContent('GPU · speed unknown');
    await details();
    await seeNot('This federation’s model');
    await expectAccessible();
    playWorker({ probeDevice: async () => done(probe) });
    await button('Measure again').click();
    await see('600 GFLOP/s');
    await expect.element(page.getByRole('alert')).not.toBeInTheDocument();
  });

  it('has what somebody asks for who helps from afar', async () => {
    playDevice(gpu, done(probe));
    await show(check);
    await details();
    const rowOf = (name: string) => page.getByRole('row', { name });
    await expect.element(rowOf('WebGPU features')).toHaveTextContent('shader-f16');
    await expect.element(rowOf('Device memory')).toHaveTextContent('8 GB or more');
    await expect.element(rowOf('Weight precision')).toHaveTextContent('f32');
    await expectAccessible();
  });
});
