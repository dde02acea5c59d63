import type { ModelSource } from '../weights/source.ts';
import { parseModelConfig } from './config.ts';
import { expectedTensors } from './expected-tensors.ts';

/** A model's files by its config alone, in F16 with random weights: shapes can be measured that nobody has downloaded. */
export function syntheticSource(config: Readonly<Record<string, unknown>>): ModelSource {
  const text = JSON.stringify(config);
  const tensors = expectedTensors(parseModelConfig(text));
  const header: Record<string, unknown> = {};
  let end = 0;
  for (const [name, shape] of tensors) {
    const start = end;
    end += 2 * shape.reduce((product, width) => product * width, 1);
    header[name] = { dtype: 'F16', shape, data_offsets: [start, end] };
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const prefix = new Uint8Array(8 + json.length);
  new DataView(prefix.buffer).setBigUint64(0, BigInt(json.length), true);
  prefix.set(json, 8);
  const size = prefix.length + end;
  const norms = normRanges(header, prefix.length);
  return {
    describe: () => 'random weights',
    has: async (name) => name === 'config.json' || name === 'model.safetensors',
    text: async (name) => {
      if (name !== 'config.json') throw new RangeError(`a synthetic model has no ${name}`);
      return text;
    },
    size: async () => size,
    range: async (_name, from, to) => {
      const bytes = new Uint8Array(to - from);
      if (from < prefix.length) bytes.set(prefix.subarray(from, Math.min(to, prefix.length)));
      const first = Math.max(from, prefix.length);
      if (to > first) fill(new Uint8Array(bytes.buffer, first - from), first, norms);
      return bytes;
    },
  };
}

type Range = readonly [number, number];

/** Norms have ones; everything else small numbers of either sign. */
function fill(bytes: Uint8Array, at: number, norms: readonly Range[]): void {
  const isNorm = norms.some(([start, end]) => at >= start && at < end);
  let state = (at ^ 0x9e3779b9) >>> 0;
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    // ±[2^-6, 2^-5): a random sign and mantissa.
    const half = isNorm ? 0x3c00 : ((state >>> 16) & 0x83ff) | (9 << 10);
    bytes[i] = half & 0xff;
    bytes[i + 1] = half >>> 8;
  }
}

function normRanges(header: Record<string, unknown>, base: number): Range[] {
  return Object.entries(header)
    .filter(([name]) => name.includes('norm'))
    .map(([, entry]) => {
      const [start, end] = (entry as { data_offsets: [number, number] }).data_offsets;
      return [base + start, base + end];
    });
}
