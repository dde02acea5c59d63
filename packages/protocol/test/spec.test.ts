import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  announcements,
  encodeMask,
  encodeValues,
  errorCodes,
  MAX_CHUNK_BYTES,
  maskByteLimit,
  maskHash,
  notices,
  PROTOCOL_VERSION,
  requests,
  sha256Hex,
  signedText,
  strategyNames,
  valuesByteLength,
} from '../src/index.ts';
import { buildLayout, initialTheta, layoutHash, Mask, PROJECTIONS, seededRandom } from '../src/space/index.ts';

const spec = readFileSync(new URL('../SPEC.md', import.meta.url), 'utf8');

interface Vectors {
  readonly random: Record<string, number[]>;
  readonly layoutSize: number;
  readonly layoutHash: string;
  readonly initialTheta: Record<string, string>;
  readonly initialThetaStart: string;
  readonly maskHash: string;
  readonly mask: string;
  readonly values: string;
  readonly valuesInt8: string;
  readonly signed: string;
}
const vectors = JSON.parse(/```json\n([\s\S]*?)```/.exec(spec)?.[1] ?? '') as Vectors;
const layout = buildLayout(
  { layers: 2, width: 8, queryWidth: 8, keyValueWidth: 4, feedForwardWidth: 12 },
  { rank: 3, alpha: 16, targets: PROJECTIONS },
);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('the test vectors of the specification', () => {
  it('[PF1] randomness', () => {
    expect(Object.keys(vectors.random).length).toBe(3);
    for (const [seed, numbers] of Object.entries(vectors.random)) {
      const random = seededRandom(Number(seed));
      expect(numbers.map(() => random() * 2 ** 24)).toEqual(numbers);
    }
  });

  it('[PF1] layout and initial theta', async () => {
    expect(layout.size).toBe(vectors.layoutSize);
    expect(await layoutHash(layout)).toBe(vectors.layoutHash);
    expect(Object.keys(vectors.initialTheta).length).toBe(3);
    for (const [seed, hash] of Object.entries(vectors.initialTheta)) {
      expect(await sha256Hex(new Uint8Array(initialTheta(layout, Number(seed)).buffer))).toBe(hash);
    }
    expect(hex(new Uint8Array(initialTheta(layout, 1).buffer, 0, 16))).toBe(vectors.initialThetaStart);
  });

  it('[DC1] [DC2] binaries', async () => {
    const mask = Mask.from(11, (p) => p === 0 || p === 9);
    const owner = { layoutHash: vectors.layoutHash, maskHash: vectors.maskHash };
    expect(await maskHash(mask)).toBe(vectors.maskHash);
    expect(hex(await encodeMask(mask, vectors.layoutHash))).toBe(vectors.mask);
    expect(hex(encodeValues(Float32Array.of(1, -2.5), 'f16', owner))).toBe(vectors.values);
    expect(hex(encodeValues(Float32Array.of(1, -2.5), 'int8', owner))).toBe(vectors.valuesInt8);
  });

  it('[HS2] the signed text', () => {
    expect(signedText('a-federation', 'bm9uY2U')).toBe(vectors.signed);
  });
});

describe('the text of the specification', () => {
  const row = (name: string) => spec.split('\n').find((line) => line.startsWith(`| \`${name}\` `)) ?? '';

  it('has every message with every field', () => {
    const shapes = { ...announcements, ...notices } as Record<string, { shape: object }>;
    for (const [name, { request }] of Object.entries(requests)) {
      const fields = 'shape' in request ? request.shape : Object.assign({}, ...request.options.map((one) => one.shape));
      shapes[name] = { shape: fields };
    }
    expect(Object.keys(shapes).length).toBe(15);
    for (const [name, { shape }] of Object.entries(shapes)) {
      for (const field of Object.keys(shape)) expect([name, row(name)]).toEqual([name, expect.stringContaining(field)]);
    }
  });

  it('has every error code and every strategy', () => {
    for (const word of [...errorCodes, ...strategyNames]) expect(spec).toContain(`\`${word}\``);
  });

  it('has the rules that tests cite', () => {
    for (const rule of [
      'HS1',
      'HS2',
      'HS3',
      'RD1',
      'RD2',
      'RD3',
      'RD4',
      'RD5',
      'UP1',
      'UP2',
      'UP3',
      'UP4',
      'UP5',
      'DC1',
      'DC2',
    ]) {
      expect(spec).toContain(`**${rule} `);
    }
    for (const rule of ['PF1', 'PF2', 'PF5', 'PF5a', 'PF6', 'PF7']) expect(spec).toContain(`**${rule} `);
  });

  it('has the limits of the code', () => {
    expect(spec).toContain(`version ${PROTOCOL_VERSION}\n`);
    expect(spec).toContain(MAX_CHUNK_BYTES.toLocaleString('en'));
    expect(maskByteLimit(17)).toBe(48 + 3);
    expect(valuesByteLength(5, 'f32')).toBe(76 + 20);
    expect(valuesByteLength(5, 'f16')).toBe(76 + 10);
    expect(valuesByteLength(64, 'int8')).toBe(76 + 4 + 64);
    expect(valuesByteLength(65, 'int8')).toBe(76 + 8 + 65);
  });
});
