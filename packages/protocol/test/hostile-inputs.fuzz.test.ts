import { describe, expect, it } from 'vitest';
import { inForm } from '../../../testing/form.ts';
import { seed } from '../../../testing/seed.ts';
import {
  announcements,
  apiKeyCreatedSchema,
  auditQuerySchema,
  clientActionSchema,
  decodeMask,
  decodeValues,
  encodeMask,
  encodeValues,
  errorBodySchema,
  eventQuerySchema,
  federationConfigSchema,
  federationDetailSchema,
  loginSchema,
  maskHash,
  modelManifestSchema,
  newApiKeySchema,
  newInviteSchema,
  newOperatorSchema,
  notices,
  ProtocolError,
  parseMessage,
  readMaskHeader,
  readValuesHeader,
  requests,
  sessionRecordSchema,
  wireDtypes,
} from '../src/index.ts';
import { Mask, seededRandom } from '../src/space/index.ts';
import { HASH_A } from './arbitraries.ts';

const INPUTS = inForm({ short: 20_000, long: 1_000_000 });
const SIZE = 600;

type Random = () => number;
const below = (random: Random, most: number) => Math.floor(random() * most);
const oneOf = <T>(random: Random, from: readonly T[]): T => from[below(random, from.length)] as T;

/** A valid frame with some of its bytes changed, cut, doubled, or nothing but noise. */
function mutated(random: Random, frame: Uint8Array): Uint8Array {
  const bytes = frame.slice();
  switch (below(random, 5)) {
    case 0:
      return Uint8Array.from({ length: below(random, 2 * frame.length + 1) }, () => below(random, 256));
    case 1:
      return bytes.subarray(0, below(random, bytes.length + 1));
    case 2:
      return Uint8Array.from([...bytes, ...bytes.subarray(0, below(random, bytes.length))]);
    default:
      // Headers are where lengths and kinds stand.
      for (let i = 1 + below(random, 4); i > 0; i--) {
        bytes[below(random, random() < 0.7 ? Math.min(80, bytes.length) : bytes.length)] = below(random, 256);
      }
      return bytes;
  }
}

const oddities: readonly unknown[] = [
  null,
  undefined,
  true,
  0,
  -1,
  1e308,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 53,
  '',
  'x'.repeat(70_000),
  '\u0000',
  '\u202Eevil',
  '\uD800',
  '=1+1',
  '../../etc/passwd',
  '<img src=x onerror=alert(1)>',
  [],
  {},
  Object.create(null),
  JSON.parse('{"__proto__":{"admin":true},"constructor":{"prototype":{}}}'),
  new Uint8Array(3),
  Symbol.iterator,
  10n,
  new Date(Number.NaN),
  () => 1,
];
const keys = [
  'protocol',
  'federation',
  'publicKey',
  'kind',
  'round',
  'bytes',
  'sha256',
  'name',
  'data',
  'offset',
  'id',
];

function anything(random: Random, depth: number): unknown {
  const what = below(random, depth > 0 ? 6 : 3);
  if (what < 3) return oneOf(random, oddities);
  if (what === 3) return Array.from({ length: below(random, 6) }, () => anything(random, depth - 1));
  const entries = Array.from({ length: below(random, 8) }, () => [oneOf(random, keys), anything(random, depth - 1)]);
  return Object.fromEntries(entries) as unknown;
}

const schemas = [
  ...Object.values(requests).flatMap(({ request, value }) => [request, value]),
  ...Object.values(notices),
  ...Object.values(announcements),
  errorBodySchema,
  federationConfigSchema,
  federationDetailSchema,
  modelManifestSchema,
  sessionRecordSchema,
  loginSchema,
  newOperatorSchema,
  newApiKeySchema,
  apiKeyCreatedSchema,
  newInviteSchema,
  clientActionSchema,
  auditQuerySchema,
  eventQuerySchema,
];

/** What fits the shape of some messages but for one field: most random objects fail at the first. */
const nearly = [
  { protocol: 1, federation: 'garden', publicKey: 'AAAA', agent: 'x' },
  { kind: 'mask', round: 1, bytes: 3, sha256: HASH_A },
  { kind: 'delta', round: 1, attempt: 1, bytes: 3, sha256: HASH_A, report: { examples: 1, steps: 1, seconds: 1 } },
  { upload: 'u', offset: 0, data: new Uint8Array(3) },
  { name: 'Garden', model: 'tiny', schedule: { rounds: 1, goal: 2, minimum: 2 } },
  { name: 'ada', password: 'x', role: 'admin' },
] as const;

function message(random: Random): unknown {
  if (random() < 0.4) return anything(random, 4);
  const base: Record<string, unknown> = { ...oneOf(random, nearly) };
  const key = oneOf(random, [...Object.keys(base), ...keys]);
  return { ...base, [key]: anything(random, 3) };
}

/** @returns how it ended; whatever is thrown and is no coded error fails the test with its seed. */
async function outcome(input: number, decode: () => unknown): Promise<'taken' | 'refused'> {
  try {
    await decode();
    return 'taken';
  } catch (error) {
    if (error instanceof ProtocolError) return 'refused';
    throw new Error(`seed ${seed}, input ${input}`, { cause: error });
  }
}

describe(`${INPUTS} hostile inputs`, { timeout: 60_000 + INPUTS }, () => {
  it('[DC1] [DC2] codecs refuse with a code, and take no memory that the frame does not justify', async () => {
    const random = seededRandom(seed);
    const mask = Mask.from(SIZE, (p) => p % 3 === 0);
    const owner = { layoutHash: HASH_A, maskHash: await maskHash(mask) };
    const values = Float32Array.from({ length: mask.kept }, (_, i) => Math.sin(i));
    const masks = [mask, Mask.full(SIZE), Mask.from(SIZE, () => random() < 0.5)];
    const maskFrames = await Promise.all(masks.map((each) => encodeMask(each, HASH_A)));
    const valueFrames = wireDtypes.map((dtype) => ({ dtype, frame: encodeValues(values, dtype, owner) }));
    const before = process.memoryUsage.rss();
    const counts = { taken: 0, refused: 0 };
    for (let i = 0; i < INPUTS / 2; i++) {
      if (i % 2 === 0) {
        const bytes = mutated(random, oneOf(random, maskFrames));
        counts[await outcome(i, () => decodeMask(bytes, { layoutHash: HASH_A, size: SIZE }))]++;
        await outcome(i, () => readMaskHeader(bytes));
      } else {
        const { dtype, frame } = oneOf(random, valueFrames);
        const bytes = mutated(random, frame);
        counts[await outcome(i, () => decodeValues(bytes, { ...owner, count: mask.kept, dtype }))]++;
        await outcome(i, () => readValuesHeader(bytes));
      }
    }
    expect(counts.taken).toBeGreaterThan(0);
    expect(counts.refused).toBeGreaterThan(INPUTS / 8);
    expect(process.memoryUsage.rss() - before).toBeLessThan(400 * 2 ** 20);
  });

  it('schemas refuse with a code, and nothing that they let through carries a prototype of its own making', async () => {
    const random = seededRandom(seed + 1);
    let refused = 0;
    for (let i = 0; i < INPUTS / 2; i++) {
      const schema = oneOf(random, schemas);
      const input = message(random);
      const ended = await outcome(i, () => {
        const parsed = parseMessage(schema, input, 'fuzz') as { admin?: unknown };
        expect(parsed.admin).toBeUndefined();
      });
      if (ended === 'refused') refused++;
    }
    expect(refused).toBeGreaterThan(INPUTS / 8);
    expect(refused).toBeLessThan(INPUTS / 2);
  });
});
