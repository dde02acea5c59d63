import { copyFileSync, cpSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import { axeFindings } from './page-checks.ts';
import { expect, type Stage, test, tinyModel, until } from './stage.ts';

test('nothing of the operator page shows without a login; with it, a federation is made and seen live', async ({
  stage,
  page,
}) => {
  await page.goto(`${stage.url}/operator`);
  await page.getByLabel('Name').fill(stage.login.name);
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  expect((await page.request.get(`${stage.url}/api/admin/federations`)).status()).toBe(401);

  await page.getByLabel('Password').fill(stage.login.password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('button', { name: 'Log in' })).toHaveCount(0);
  const { id } = await stage.federation({ name: 'The village' });
  await page.goto(`${stage.url}/operator`);
  await page.getByRole('link', { name: /The village/ }).click();
  await expect(page).toHaveURL(new RegExp(`/operator/.*${id}`));
  await expect(page.getByText(/recruiting/i).first()).toBeVisible();
});

test('the form asks for advanced settings where the strategy uses them, and says what is wrong with one', async ({
  stage,
  page,
}) => {
  await page.goto(`${stage.url}/operator`);
  await page.getByLabel('Name').fill(stage.login.name);
  await page.getByLabel('Password').fill(stage.login.password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('button', { name: 'New federation' }).click();
  await page.getByLabel('Name').fill('Advanced village');

  await page.getByText('Advanced', { exact: true }).click();
  const ownShare = page.getByLabel('Own share at round start');
  const serverRate = page.getByLabel('Server learning rate');
  await expect(ownShare).toBeVisible();
  await expect(serverRate).toHaveCount(0);
  await choose(page, 'Strategy', 'flora');
  await expect(ownShare).toHaveCount(0);
  await expect(page.getByRole('combobox', { name: 'Server optimizer' })).toHaveCount(0);
  await choose(page, 'Strategy', 'perfit');
  await choose(page, 'Server optimizer', 'FedAvgM: momentum');
  await serverRate.fill('0.5');
  await choose(page, 'Transfer precision', /^int8/);
  await page.getByLabel('Rewind after search').uncheck();
  await page.getByLabel('Initial shared rounds').fill('1');
  await ownShare.fill('2');
  // Folded away, it is still found where it is wrong.
  await page.getByText('Advanced', { exact: true }).click();
  await expect(ownShare).toBeHidden();
  await page.getByRole('button', { name: 'Create federation' }).click();
  await expect(page.getByText('Give a number from 0 to 1.')).toBeVisible();
  await expect(ownShare).toBeFocused();

  await ownShare.fill('0.3');
  await choose(page, 'Mean', 'Trimmed mean');
  await page.getByLabel('Trim fraction').fill('0.1');
  await page.getByRole('button', { name: 'Add limit' }).click();
  await page.getByLabel('Below (tokens/s)').fill('60');
  await page.getByRole('button', { name: 'Create federation' }).click();
  await expect(page.getByText('Give a number above 0, at most 1.')).toBeVisible();
  await page.getByLabel('Max mask density').fill('0.25');
  await page.getByRole('button', { name: 'Create federation' }).click();
  await expect(page).toHaveURL(/\/operator\/advanced-village/);
  const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
  expect((await stage.operator.detail(id)).config).toMatchObject({
    strategy: 'perfit',
    server: { optimizer: 'momentum', learningRate: 0.5 },
    search: { rewind: false, sharedRounds: 1, slowDevices: [{ below: 60, density: 0.25 }] },
    robust: { mean: 'trimmed', trim: 0.1 },
    personal: { keep: 0.3 },
    wire: { dtype: 'int8' },
  });
});

test.describe('on a coordinator with models of its own', () => {
  test.use({ ownCoordinator: true });

  test('a model that is still being copied is shown with the reason, and offered when it is whole', async ({
    stage,
    page,
  }) => {
    const whole = join(stage.models, 'perfit-nano', 'model.safetensors');
    const copied = join(stage.models, 'another', 'model.safetensors');
    cpSync(join(stage.models, 'perfit-nano'), join(stage.models, 'another'), { recursive: true });
    truncateSync(copied, 1_000_000);
    await page.goto(`${stage.url}/operator`);
    await page.getByLabel('Name').fill(stage.login.name);
    await page.getByLabel('Password').fill(stage.login.password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('button', { name: 'New federation' }).click();
    const notice = page.getByText(/The model "another" cannot be used.*1000000 bytes.*still being copied/);
    await expect(notice).toBeVisible();
    await page.getByRole('combobox', { name: 'Model' }).click();
    await expect(page.getByRole('option', { name: 'perfit-nano' })).toBeVisible();
    await expect(page.getByRole('option', { name: 'another' })).toHaveCount(0);
    await page.keyboard.press('Escape');

    copyFileSync(whole, copied);
    await expect(notice).toHaveCount(0);
    await choose(page, 'Model', 'another');
  });
});

test('an operator invites people, watches two of them tune, sees what came of it, and bans one', async ({
  stage,
  page,
  browser,
}) => {
  const { id } = await stage.federation({
    name: 'Live village',
    schedule: { rounds: 2, recruit: 2, goal: 2, minimum: 2, deadlineSeconds: 120 },
    smallestGroup: 2,
  });
  await logIn(page, stage);
  await page.getByRole('link', { name: 'Live village' }).click();
  await expect(page.getByText('Nobody has joined yet.')).toBeVisible();
  await expect(page.getByText(/Appears once 2 people have masks.*None yet/)).toBeVisible();

  await page.getByRole('button', { name: 'New invite' }).click();
  await page.getByLabel('Label').fill('For the bakery');
  await page.getByLabel('Uses').fill('3');
  await page.getByRole('button', { name: 'Create invite' }).click();
  await expect(page.getByRole('img', { name: 'QR code of the invite link' })).toBeVisible();
  const link = page.getByLabel('For the bakery');
  await expect(link).toHaveValue(/\/join\/live-village.*invite=/);
  const joinUrl = await link.inputValue();

  const texts = stage.texts(2, 40);
  for (const [i, name] of ['Ada', 'Grace'].entries()) {
    const tab = await stage.open(browser, {
      name,
      joinUrl,
      dataset: texts[i] as string,
      backend: 'wasm',
      shareEvaluation: true,
    });
    await tab.start();
  }
  await expect(page.getByRole('cell', { name: /Ada connected/ })).toBeVisible();
  const invite = page.getByRole('row', { name: /For the bakery/ });
  await expect(invite.getByText('Used twice, 1 left.')).toBeVisible();
  await until('the federation is finished', async () => (await stage.operator.detail(id)).status.state === 'finished');

  await test.step('rounds, figures and masks are there', async () => {
    const rounds = page.getByRole('region', { name: 'Rounds, latest first' });
    await expect(rounds.getByRole('listitem')).toHaveCount(2);
    // What takes less than a twentieth of a second is not mentioned: a commit, where the machine is quick.
    await expect(rounds.getByText(/^tuning \d/).first()).toBeVisible();
    await expect(rounds.getByText(/^Ada: 29 examples, .*perplexity received .* → tuned/).first()).toBeVisible();
    for (const figure of ['Perplexity', 'Loss', 'Time', 'Submissions', 'Update sizes']) {
      await expect(page.getByRole('img', { name: figure, exact: true })).toBeVisible();
    }
    const overlap = page.getByRole('table', { name: 'Overlap of the masks, by group' });
    await expect(overlap.getByRole('rowheader', { name: 'Group A, 2 clients' })).toBeVisible();
    await expect(page.getByRole('table', { name: /^Mask density by layer and module: Group A/ })).toBeVisible();
  });

  await test.step('the log is filtered, and goes home whole with the results', async () => {
    const log = page.getByRole('region', { name: 'Events, latest first' });
    await page.getByLabel('Filter').fill('committed');
    await expect(log.getByRole('listitem')).toHaveCount(2);
    const events = await saved(page, () => page.getByRole('button', { name: 'Download event log (JSON)' }).click());
    expect(JSON.parse(events)).toEqual((await stage.operator.detail(id)).events);
    const results = await saved(page, () => page.getByRole('link', { name: 'Download results (CSV)' }).click());
    expect(results.trim().split('\n')).toHaveLength(5);
  });

  await test.step('the adapter of any committed round is saved as PEFT reads it', async () => {
    await page.getByLabel('Adapter after round').selectOption('1');
    const weights = page.waitForEvent('download', (file) => file.suggestedFilename() === 'adapter_model.safetensors');
    const config = page.waitForEvent('download', (file) => file.suggestedFilename() === 'adapter_config.json');
    await page.getByRole('button', { name: 'Download adapter (PEFT)' }).click();
    const about = JSON.parse(readFileSync(await (await config).path(), 'utf8'));
    expect(about).toMatchObject({ peft_type: 'LORA', base_model_name_or_path: tinyModel });
    const theta = Buffer.from(await stage.operator.theta(id, 1));
    const file = readFileSync(await (await weights).path());
    const header = 8 + Number(file.readBigUint64LE(0));
    expect(inOrderOfSize(file.subarray(header))).toEqual(inOrderOfSize(theta));
  });

  await page.getByRole('button', { name: 'Ban Grace' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Ban', exact: true }).click();
  await expect(page.getByRole('cell', { name: /Grace banned/ })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Unban Grace' })).toBeVisible();
  expect(await axeFindings(page)).toEqual([]);
});

async function logIn(page: Page, stage: Stage): Promise<void> {
  await page.goto(`${stage.url}/operator`);
  await page.getByLabel('Name').fill(stage.login.name);
  await page.getByLabel('Password').fill(stage.login.password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

async function saved(page: Page, click: () => Promise<void>): Promise<string> {
  const [download] = await Promise.all([page.waitForEvent('download'), click()]);
  return readFileSync(await download.path(), 'utf8');
}

/** The same numbers, wherever the tensors that they are in stand. */
function inOrderOfSize(float32: Buffer): Float32Array {
  const bytes = Uint8Array.from(float32);
  return new Float32Array(bytes.buffer).sort();
}

async function choose(page: Page, field: string, option: string | RegExp): Promise<void> {
  await page.getByRole('combobox', { name: field }).click();
  await page.getByRole('option', { name: option }).click();
}
