import type { DeviceProbe } from '../../contract/probe-api.ts';
import { formatBytes } from '../../shared/format/format-number.ts';

export const strings = {
  title: 'Your device',
  looking: 'Checking what this device can do…',
  again: 'Measure again',
  cannot: 'This device can’t take part',
  notMeasured: 'Could not measure the speed',
  computes: 'Runs on',
  backends: {
    webgpu: 'GPU',
    wasm: 'CPU',
    cpu: 'Plain JavaScript',
  },
  speed: 'Speed',
  measuring: 'measuring…',
  takesASecond: 'this takes a second or two',
  memory: 'Usable memory',
  graphicsNote: 'on the GPU; a cautious estimate, as browsers don’t report it',
  processorNote: 'the most WebAssembly can address',
  storage: 'Free storage',
  storageNote: 'in this browser, for this site',
  unknown: 'unknown',
  speedUnknown: 'speed unknown',
  holds: 'What fits',
  fits: 'Fits',
  tight: 'Tight',
  'too large': 'Too large',
  thisModel: 'This federation’s model',
  checking: 'Checking what fits…',
  features: 'WebGPU features',
  noFeatures: 'none that help',
  largestBuffer: 'Largest buffer',
  cores: 'CPU cores',
  deviceMemory: 'Device memory',
  isolated: 'Cross-origin isolated (threads)',
  yes: 'yes',
  no: 'no',
  weights: 'Weight precision',
} as const;

/** What WebAssembly can address. */
export const wasmMemory = formatBytes(4 * 2 ** 30);

/** In human words next to the figure. @param speed operations per second */
export function speedValue(speed: number): string {
  const billions = speed / 1e9;
  return `${billions < 10 ? billions.toFixed(1) : Math.round(billions).toLocaleString('en')} GFLOP/s`;
}

export function speedNote(speed: number): string {
  if (speed < 5e9) return 'slow: enough for the smallest models';
  if (speed < 50e9) return 'like a laptop CPU: fine for small models';
  if (speed < 500e9) return 'like the GPU of a phone or an older laptop';
  if (speed < 4e12) return 'like the GPU of a good laptop';
  return 'like a powerful graphics card';
}

export function graphicsNote(description: string): string {
  return `WebGPU: ${description}`;
}

export function threadsNote({ threads, isolated, asked }: { threads: number; isolated: boolean; asked: boolean }) {
  if (threads > 1) return `WebAssembly, ${threads} threads`;
  if (!isolated) return 'WebAssembly, one thread: this page isn’t isolated';
  return asked ? 'WebAssembly, one thread' : 'WebAssembly, one thread: small models gain nothing from more';
}

/** What else would fit. */
export function maxWords({ tuning, chat }: DeviceProbe['most']): string {
  if (tuning === null && chat === null) return 'No model in our catalog would fit this device.';
  if (tuning === chat) return `From our catalog, it could tune and chat with any model up to ${tuning}.`;
  if (tuning === null) return `From our catalog, it could tune none, but chat with any model up to ${chat}.`;
  return `From our catalog, it could tune any model up to ${tuning} and chat with any up to ${chat}.`;
}

export function deviceMemory(bytes: number | null): string {
  if (bytes === null) return strings.unknown;
  const gigabytes = bytes / 2 ** 30;
  return gigabytes >= 8 ? '8 GB or more' : `about ${gigabytes} GB`;
}
