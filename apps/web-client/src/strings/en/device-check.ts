import type { DeviceProbe } from '../../engine/probe-api.ts';
import { formatBytes } from '../../shared/format/format-number.ts';

export const strings = {
  title: 'Your device',
  looking: 'Looking at what this device can do.',
  again: 'Measure again',
  cannot: 'This device cannot take part',
  notMeasured: 'The speed could not be measured',
  computes: 'Computes on',
  backends: {
    webgpu: 'Graphics processor',
    wasm: 'Processor',
    cpu: 'Plain JavaScript',
  },
  speed: 'Speed',
  measuring: 'measuring…',
  takesASecond: 'this takes a second or two',
  memory: 'Memory counted on',
  graphicsNote: 'of the graphics processor: a cautious guess, no browser tells',
  processorNote: 'the most that WebAssembly can address',
  storage: 'Room to keep things',
  storageNote: 'in this browser, for this site',
  unknown: 'unknown',
  holds: 'What it can hold',
  fits: 'Fits',
  tight: 'Tight',
  'too large': 'Too large',
  thisModel: 'This federation’s model',
  checking: 'Reckoning what fits.',
  details: 'Technical details',
  features: 'WebGPU features',
  noFeatures: 'none of those that help',
  largestBuffer: 'Largest buffer',
  cores: 'Processor cores',
  deviceMemory: 'Memory of the device',
  isolated: 'Isolated page (threads)',
  yes: 'yes',
  no: 'no',
  weights: 'Weights held as',
} as const;

/** What a processor of WebAssembly can address. */
export const wasmMemory = formatBytes(4 * 2 ** 30);

/** In human words next to the figure. @param speed operations a second */
export function speedValue(speed: number): string {
  const billions = speed / 1e9;
  return `${billions < 10 ? billions.toFixed(1) : Math.round(billions).toLocaleString('en')} GFLOP/s`;
}

export function speedNote(speed: number): string {
  if (speed < 5e9) return 'slow: enough for the smallest models';
  if (speed < 50e9) return 'as a laptop’s processor does: fine for small models';
  if (speed < 500e9) return 'as a phone’s or an older laptop’s graphics does';
  if (speed < 4e12) return 'as a good laptop’s graphics does';
  return 'as a strong graphics card does';
}

export function graphicsNote(description: string): string {
  return `WebGPU: ${description}`;
}

export function threadsNote({ threads, isolated, asked }: { threads: number; isolated: boolean; asked: boolean }) {
  if (threads > 1) return `WebAssembly, ${threads} threads`;
  if (!isolated) return 'WebAssembly, one thread: this page is not isolated';
  return asked ? 'WebAssembly, one thread' : 'WebAssembly, one thread: small models gain nothing from more';
}

/** What else would fit. */
export function mostWords({ tuning, chat }: DeviceProbe['most']): string {
  if (tuning === null && chat === null) return 'Of the models in our catalogue, none would fit this device.';
  if (tuning === chat) return `Of the models in our catalogue it could tune, and chat with, any up to ${tuning}.`;
  const tunes = tuning === null ? 'tune none' : `tune any up to ${tuning}`;
  return `Of the models in our catalogue it could ${tunes}, and chat with any up to ${chat}.`;
}

export function deviceMemory(bytes: number | null): string {
  if (bytes === null) return strings.unknown;
  const gigabytes = bytes / 2 ** 30;
  return gigabytes >= 8 ? '8 GB or more' : `about ${gigabytes} GB`;
}
