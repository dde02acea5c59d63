import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { modelAt, modelName } from './model-at.ts';

const gguf = fileURLToPath(new URL('../../test/gguf/mixed.gguf', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'perfit-models-'));
for (const name of ['tiny-Q4_1.gguf', 'tiny-Q8_0.gguf']) copyFileSync(gguf, join(folder, name));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a folder with several GGUF files', () => {
  it('is opened by the name of one, as the message says that it would be', async () => {
    await expect(modelAt(folder)).rejects.toMatchObject({
      code: 'weights-ambiguous-folder',
      message: expect.stringContaining(
        `${folder} has 2 GGUF files: name one of tiny-Q4_1.gguf, tiny-Q8_0.gguf, as in name:Q8_0`,
      ),
    });
    expect(await (await modelAt(`${folder}:Q8_0`)).size('tiny-Q8_0.gguf')).toBeGreaterThan(0);
    expect(modelName('models/tiny:Q8_0')).toBe('tiny-Q8_0');
  });

  it('says which there are where the name is of none, and that there is no folder where there is none', async () => {
    await expect(modelAt(`${folder}:Q5_K`)).rejects.toMatchObject({
      code: 'weights-missing-file',
      message: expect.stringContaining(`${folder} has no GGUF file called Q5_K: it has tiny-Q4_1.gguf, tiny-Q8_0.gguf`),
    });
    await expect(modelAt(`${folder}-none:Q8_0`)).rejects.toThrow(/There is no model/);
  });
});
