import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { inForm } from '../../../../../testing/form.ts';
import { openWeights } from '../safetensors-reader.ts';
import { fileSource } from '../source.ts';
import { WeightsError } from '../weights-error.ts';
import { ggufFolder } from './gguf-folder.ts';

const whole = readFileSync(fileURLToPath(new URL('../../../test/gguf/mixed.gguf', import.meta.url)));
/** The description; what follows are values, of which any is as good as any other. */
const DESCRIPTION = whole.indexOf('output_norm.weight') + 60;
const FILES = inForm({ short: 2_000, long: 100_000 });

const overwritten = fc.array(
  fc.record({
    at: fc.integer({ min: 0, max: DESCRIPTION }),
    with: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 12 }),
      // Lengths and counts: large, huge, and negative where they are signed.
      fc.constantFrom(2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n).map((count) => {
        const bytes = new Uint8Array(8);
        new DataView(bytes.buffer).setBigUint64(0, count, true);
        return bytes;
      }),
    ),
  }),
  { minLength: 1, maxLength: 4 },
);

describe('a damaged GGUF file', () => {
  vi.setConfig({ testTimeout: inForm({ short: 60_000, long: 600_000 }) });

  it('is read, or refused with a code and a sentence, and takes no memory that its bytes do not justify', async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(overwritten, fc.integer({ min: 0, max: whole.length }), async (changes, cut) => {
        const bytes = Uint8Array.from(whole);
        for (const change of changes) bytes.set(change.with.subarray(0, bytes.length - change.at), change.at);
        const file = new File([cut % 3 === 0 ? bytes.subarray(0, cut) : bytes], 'm.gguf');
        const folder = ggufFolder(fileSource([file]), 'm.gguf');
        const before = process.memoryUsage().arrayBuffers;
        try {
          await folder.text('config.json');
          await folder.text('tokenizer.json');
          await openWeights(folder);
        } catch (error) {
          refused++;
          if (!(error instanceof WeightsError)) throw error;
          expect(error.message).toMatch(/^.{20,400}$/s);
        }
        expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 << 20);
      }),
      { numRuns: FILES },
    );
    expect(refused).toBeGreaterThan(FILES / 2);
  });
});
