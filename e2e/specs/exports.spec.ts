import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GGMLQuantizationType, gguf } from '@huggingface/gguf';
import type { Worker } from 'playwright';
import { projectRoot } from '../demo/coordinator-process.ts';
import { openView, type Tab } from '../demo/tab.ts';
import { embeddedModel, expect, type Stage, test, until } from './stage.ts';

test('a personal model leaves in every form, each file is what it says, and what hinders it is said', async ({
  stage,
  browser,
}) => {
  stage.model = embeddedModel;
  const ada = await tunedTab(stage, browser);
  await canBeCancelled(ada);

  const adapter = await exported(ada, 'adapter');
  expect([...adapter.keys()].sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors', 'mask.bin']);
  expect(JSON.parse(adapter.get('adapter_config.json')?.toString() ?? '')).toMatchObject({
    base_model_name_or_path: 'perfit-nano',
    peft_type: 'LORA',
    r: 8,
  });
  expect(adapter.get('mask.bin')?.subarray(0, 4).toString()).toBe('PFMK');

  const merged = await exported(ada, 'merged');
  const base = (name: string) => readFileSync(join(projectRoot, 'models', 'perfit-nano', name));
  expect([...merged.keys()].sort()).toEqual([
    'config.json',
    'generation_config.json',
    'model.safetensors',
    'tokenizer.json',
    'tokenizer_config.json',
  ]);
  expect(merged.get('tokenizer.json')).toEqual(base('tokenizer.json'));
  const [before, after] = [tensorsOf(base('model.safetensors')), tensorsOf(merged.get('model.safetensors') as Buffer)];
  expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
  const changed = [...after].filter(([name, bytes]) => !bytes.equals(before.get(name) as Buffer)).map(([name]) => name);
  // Seven projections in each of four layers, and nothing else.
  expect(changed.length).toBe(28);
  expect(changed.every((name) => name.endsWith('_proj.weight'))).toBe(true);

  for (const [format, fileType] of [
    ['gguf-f16', 'F16'],
    ['gguf-q8_0', 'Q8_0'],
  ] as const) {
    const files = await exported(ada, format);
    const [[name, bytes]] = [...files] as [[string, Buffer]];
    expect([files.size, name]).toEqual([1, `perfit-nano-tuned-${fileType}.gguf`]);
    const path = stage.file(name, bytes);
    const { metadata, tensorInfos, tensorDataOffset } = await gguf(path, { allowLocalFile: true });
    expect(metadata).toMatchObject({ version: 3, 'general.architecture': 'llama', 'tokenizer.ggml.model': 'gpt2' });
    expect(tensorInfos.length).toBe(before.size);
    const embedding = tensorInfos.find((tensor) => tensor.name === 'token_embd.weight');
    expect(GGMLQuantizationType[embedding?.dtype ?? -1]).toBe(fileType);
    const last = tensorInfos.reduce((a, b) => (a.offset > b.offset ? a : b));
    expect([last.name, tensorDataOffset + last.offset + 4n * 128n]).toEqual([
      'output_norm.weight',
      BigInt(bytes.length),
    ]);
  }

  await test.step('nothing is left on disk but the last export', async () => {
    expect(await storedExports(ada)).toEqual(['perfit-nano-tuned-Q8_0.gguf']);
    await saysWhatRoomIsMissing(stage, ada);
    await ada.reload();
    await until('the worker has swept', async () => (await storedExports(ada)).length === 0);
  });
  expect(ada.errors, 'errors in the console').toEqual([]);
});

async function canBeCancelled(ada: Tab): Promise<void> {
  await test.step('an export can be cancelled, and leaves nothing', async () => {
    // Every file that the worker opens to write waits until the test lets it go.
    const worker = ada.page.workers()[0] as Worker;
    await worker.evaluate(() => {
      const files = FileSystemFileHandle.prototype as unknown as { createSyncAccessHandle(): Promise<unknown> };
      const open = files.createSyncAccessHandle;
      const held = new Promise((goOn) => Object.assign(globalThis, { goOn }));
      files.createSyncAccessHandle = async function () {
        await held;
        return open.call(this);
      };
    });
    await ada.page.getByTestId('export-merged').click();
    await ada.page.getByRole('button', { name: 'Export model' }).click();
    await ada.page.getByRole('button', { name: 'Cancel' }).click();
    await worker.evaluate('goOn()');
    await expect(ada.page.getByText('Canceled; nothing was left behind.')).toBeVisible();
    expect(await storedExports(ada)).toEqual([]);
  });
}

async function saysWhatRoomIsMissing(stage: Stage, ada: Tab): Promise<void> {
  await test.step('where the browser has no room, a sentence says how much is missing', async () => {
    const session = await ada.page.context().newCDPSession(ada.page);
    await session.send('Storage.overrideQuotaForOrigin', { origin: stage.url, quotaSize: 1_000_000 });
    await ada.page.getByTestId('export-gguf-f16').click();
    await ada.page.getByRole('button', { name: 'Export GGUF' }).click();
    const alert = ada.page.getByRole('alert').filter({ hasText: 'Could not export the model' });
    await expect(alert).toHaveAttribute('data-code', 'storage-unavailable');
    await expect(alert).toContainText(/The files take 2\.\d MB while they are written, and this browser has .* left/);
    // The adapter needs no room.
    expect((await exported(ada, 'adapter')).size).toBe(3);
  });
}

/** A tab at the end of a federation of its own, of one round. */
async function tunedTab(stage: Stage, browser: Parameters<Stage['open']>[0]): Promise<Tab> {
  const { joinUrl } = await stage.federation({
    schedule: { rounds: 1, recruit: 1, goal: 1, minimum: 1, deadlineSeconds: 120 },
  });
  const [dataset] = stage.texts(1, 24) as [string];
  const tab = await stage.open(browser, { name: 'Ada', joinUrl, dataset, backend: 'wasm' });
  await tab.start();
  await until('the federation is finished', async () => (await tab.status()).state === 'finished');
  await openView(tab.page, 'Export');
  return tab;
}

/** Chooses a form, exports, and reads what the browser has saved: as large as was said beforehand. */
async function exported({ page }: Tab, format: string): Promise<Map<string, Buffer>> {
  const card = page.getByTestId(`export-${format}`);
  await card.click();
  const downloads: Promise<[string, Buffer]>[] = [];
  const onDownload = (download: { suggestedFilename(): string; path(): Promise<string> }) => {
    downloads.push(download.path().then((path) => [download.suggestedFilename(), readFileSync(path)]));
  };
  page.on('download', onDownload);
  await page.getByRole('button', { name: /^Export/ }).click();
  const listed = page.getByTestId('written-files').getByRole('listitem');
  await expect(listed.first()).toBeVisible();
  await expect.poll(() => downloads.length).toBe(await listed.count());
  page.off('download', onDownload);
  const files = new Map(await Promise.all(downloads));
  const bytes = [...files.values()].reduce((sum, file) => sum + file.length, 0);
  expect(String(bytes)).toBe(await card.getAttribute('data-bytes'));
  return files;
}

/** The bytes of each tensor of a safetensors file. */
function tensorsOf(file: Buffer): Map<string, Buffer> {
  const start = 8 + Number(file.readBigUInt64LE(0));
  const { __metadata__, ...entries } = JSON.parse(file.subarray(8, start).toString()) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  return new Map(
    Object.entries(entries).map(
      ([
        name,
        {
          data_offsets: [from, to],
        },
      ]) => [name, file.subarray(start + from, start + to)],
    ),
  );
}

/** The names of all files under `exports/` in the origin's private file system. */
function storedExports({ page }: Tab): Promise<string[]> {
  return page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const exports = await root.getDirectoryHandle('exports', { create: true });
    const names: string[] = [];
    for await (const folder of exports.values()) {
      for await (const name of (folder as FileSystemDirectoryHandle).keys()) names.push(name);
    }
    return names;
  });
}
