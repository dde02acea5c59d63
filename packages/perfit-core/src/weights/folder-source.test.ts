import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { safetensorsBytes, tinyModel } from '../../test/tiny-models.ts';
import { loadWeightsOf } from '../../test/weights-of.ts';
import { folderSource } from './folder-source.ts';
import { modelFolder } from './model-folder.ts';

const gguf = readFileSync(new URL('../../test/gguf/mixed.gguf', import.meta.url));
const model = tinyModel({ seed: 3 });
const weights = safetensorsBytes(model.tensors);

/** A file as the browser's folder picker gives it. */
function picked(path: string, content: BlobPart): File {
  const file = new File([content], path.split('/').at(-1) as string);
  return Object.defineProperty(file, 'webkitRelativePath', { value: path });
}
const bare = (name: string, content: BlobPart) => new File([content], name);
const config = JSON.stringify(model.config);
const folder = (at: string, bytes: Uint8Array<ArrayBuffer> = weights, text = config) => [
  picked(`${at}/config.json`, text),
  picked(`${at}/tokenizer.json`, '{}'),
  picked(`${at}/model.safetensors`, bytes),
];

describe('folderSource', () => {
  it('reads the model of a picked folder, and nothing that lies beside or below it', async () => {
    const source = folderSource([
      picked('my-model/.DS_Store', 'x'),
      picked('my-model/onnx/config.json', '{}'),
      picked('my-model/onnx/model.safetensors', 'x'),
      picked('my-model/README.md', 'x'),
      ...folder('my-model'),
    ]);
    const { files } = await source.manifest();
    expect(files).toEqual([
      { name: 'config.json', bytes: config.length, sha256: null, parts: null },
      { name: 'tokenizer.json', bytes: 2, sha256: null, parts: null },
      { name: 'model.safetensors', bytes: weights.length, sha256: null, parts: null },
    ]);
    expect(await source.text('config.json')).toBe(config);
    expect(await source.has('README.md')).toBe(false);
    expect(await source.size('model.safetensors')).toBe(weights.length);
    expect(await loadWeightsOf(source)).toEqual(
      Object.fromEntries(Object.entries(model.tensors).map(([name, { values }]) => [name, values])),
    );
    expect(source.describe()).toBe('The folder my-model');
  });

  it('reads files that came without a folder, and a model a level further down', async () => {
    const files = [bare('config.json', config), bare('model.safetensors', weights)];
    const one = await folderSource(files).manifest();
    const other = await folderSource([
      picked('models/notes.txt', 'x'),
      ...[picked('models/tiny/config.json', config), picked('models/tiny/model.safetensors', weights)],
    ]).manifest();
    expect(other).toEqual(one);
  });

  it('takes a GGUF file by itself, and knows one tuning of it from another', async () => {
    const folder = modelFolder(folderSource([bare('m.gguf', gguf)]));
    expect(JSON.parse(await folder.text('config.json'))).toMatchObject({ hidden_size: 32 });
    expect(Object.keys(await loadWeightsOf(folder))).toHaveLength(11);
    const revisionOf = async (bytes: Uint8Array<ArrayBuffer>) =>
      (await folderSource([bare('m.gguf', bytes)]).manifest()).revision;
    const changed = Uint8Array.from(gguf);
    changed[changed.length - 100] = (changed[changed.length - 100] as number) ^ 1;
    expect(await revisionOf(Uint8Array.from(gguf))).toBe(await revisionOf(gguf));
    expect(await revisionOf(changed)).not.toBe(await revisionOf(gguf));
  });

  it('gives one revision to one content, wherever it lies, and another to another', async () => {
    const revisionOf = async (files: File[]) => (await folderSource(files).manifest()).revision;
    const first = await revisionOf(folder('a'));
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(await revisionOf(folder('b').reverse())).toBe(first);
    // The same names, sizes and header: a tuning of the model, in its last tensor.
    const tuned = weights.slice();
    const last = Object.values(model.tensors).at(-1)?.values.byteLength as number;
    tuned[weights.length - last] = (tuned[weights.length - last] as number) ^ 1;
    const others = [
      folder('a', tuned),
      folder('a', weights, JSON.stringify({ ...model.config, rope_theta: 20000 })),
      [...folder('a'), picked('a/chat_template.jinja', '{{ messages }}')],
    ];
    const revisions = await Promise.all(others.map(revisionOf));
    expect(new Set([first, ...revisions]).size).toBe(4);
  });

  it.each<[string, () => File[], string, RegExp]>([
    ['no model', () => [picked('a/notes.txt', 'x')], 'weights-missing-file', /neither a config\.json nor a \.gguf/],
    ['two models', () => [...folder('all/a'), ...folder('all/b')], 'weights-ambiguous-folder', /all\/a and all\/b/],
    [
      'two files of one name',
      () => ['a', 'b'].flatMap(() => [bare('config.json', config), bare('model.safetensors', weights)]),
      'weights-ambiguous-folder',
      /config\.json was chosen twice/,
    ],
    [
      'weights in another format',
      () => [picked('a/config.json', config), picked('a/m.pt', 'x')],
      'weights-no-safetensors',
      /only m\.pt/,
    ],
    [
      'a GGUF file that is none',
      () => [bare('m.gguf', 'GGUX12345')],
      'weights-invalid-header',
      /m\.gguf is no GGUF file/,
    ],
    [
      'two GGUF files',
      () => [bare('m.Q8_0.gguf', gguf), bare('m.F16.gguf', gguf)],
      'weights-ambiguous-folder',
      /m\.F16\.gguf, m\.Q8_0\.gguf/,
    ],
    ['a file that was cut off', () => folder('a', weights.slice(0, -1)), 'weights-truncated', /model\.safetensors/],
  ])('says that what was chosen has %s', async (_, files, code, message) => {
    const opening = Promise.resolve().then(() => folderSource(files()).manifest());
    await expect(opening).rejects.toMatchObject({
      name: 'WeightsError',
      code,
      message: expect.stringMatching(message),
    });
  });
});
