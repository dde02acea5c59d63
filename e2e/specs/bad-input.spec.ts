import { cpSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { agree } from '../demo/tab.ts';
import { expect, type Stage, test } from './stage.ts';

const alertCode = 'data-code';

test.describe('a local text that cannot be used gets a sentence and a code', () => {
  const cases = [
    { what: 'an empty text', code: 'data-empty', make: (stage: Stage) => stage.file('empty.jsonl', '') },
    {
      what: 'a file of 100 MB',
      code: 'data-too-large',
      make: (stage: Stage) => stage.file('large.txt', Buffer.alloc(100_000_000, 'a line of text\n')),
    },
    {
      what: 'a file that is no text',
      code: 'data-not-text',
      make: (stage: Stage) =>
        stage.file('picture.png', readFileSync(join(stage.models, 'perfit-nano', 'model.safetensors'))),
    },
    {
      what: 'rows without a response',
      code: 'data-no-examples',
      make: (stage: Stage) => stage.file('rows.jsonl', '{"a":1}\n'.repeat(30)),
    },
    {
      what: 'too few rows',
      code: 'data-too-few',
      make: (stage: Stage) => stage.file('few.jsonl', '{"instruction":"Open?","response":"From nine."}\n'),
    },
  ];
  test('each in turn, and the right one afterwards', async ({ stage, browser }) => {
    const { joinUrl } = await stage.federation({});
    const tab = await stage.open(browser, { name: 'Ada', joinUrl, dataset: '', backend: 'wasm' });
    await agree(tab.page);
    for (const { what, code, make } of cases) {
      await test.step(what, async () => {
        await tab.page.getByTestId('dataset-file').setInputFiles(make(stage));
        const alert = tab.page.locator(`[role="alert"][${alertCode}="${code}"]`);
        await expect(alert).toBeVisible();
        await expect(alert).toHaveText(/.{30,}/s);
        await expect(tab.page.getByRole('button', { name: 'Start', exact: true })).toBeDisabled();
      });
    }
    await tab.page.getByTestId('dataset-file').setInputFiles(stage.texts(1, 40)[0] as string);
    await expect(tab.page.getByRole('button', { name: 'Start', exact: true })).toBeEnabled();
    await expect(tab.page.locator(`[role="alert"][${alertCode}^="data-"]`)).toHaveCount(0);
  });
});

test.describe('a model that cannot be loaded gets a sentence and a code', () => {
  const cases = [
    {
      what: 'a missing tensor',
      code: 'weights-missing-tensor',
      naming: 'model.layers.0.self_attn.q_proj.weight',
      damage: (folder: string) => renameTensor(folder, 'model.layers.0.self_attn.q_proj.weight'),
    },
    {
      what: 'a truncated safetensors file',
      // The coordinator has looked at the file already, and says so.
      code: 'weights-unreadable',
      naming: 'model.safetensors',
      damage: (folder: string) => truncateSync(join(folder, 'model.safetensors'), 1_000_000),
    },
  ];
  test.use({ ownCoordinator: true });

  test('each in turn', async ({ stage, browser }) => {
    for (const { what, code, naming, damage } of cases) {
      await test.step(what, async () => {
        const model = `damaged-by-${code}`;
        const folder = join(stage.models, model);
        cpSync(join(stage.models, 'perfit-nano'), folder, { recursive: true });
        const { id, joinUrl } = await stage.federation({ model });
        // A coordinator makes no federation of a folder that is not all there; this one breaks later.
        damage(folder);
        const tab = await stage.open(browser, {
          name: 'Ada',
          joinUrl,
          dataset: stage.texts(1, 40)[0] as string,
          backend: 'wasm',
        });
        await tab.start();
        const alert = tab.page.locator(`[role="alert"][${alertCode}="${code}"]`);
        await expect(alert).toBeVisible();
        await expect(alert).toContainText(naming);
        // Nothing is lost: the federation still recruits, the text is still there.
        expect((await stage.operator.detail(id)).status.state).toBe('recruiting');
        await tab.close();
      });
    }
  });
});

/** Same bytes, another name: the folder no longer has the tensor. */
function renameTensor(folder: string, name: string): void {
  const path = join(folder, 'model.safetensors');
  const bytes = readFileSync(path);
  const at = bytes.indexOf(`"${name}"`);
  if (at < 0) throw new Error(`${name} is not in the model`);
  bytes.write('x', at + 1);
  writeFileSync(path, bytes);
}
