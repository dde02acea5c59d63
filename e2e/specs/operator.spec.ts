import { copyFileSync, cpSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import { expect, test } from './stage.ts';

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
  const ownShare = page.getByLabel('Own share of a start');
  const serverRate = page.getByLabel('Server learning rate');
  await expect(ownShare).toBeVisible();
  await expect(serverRate).toHaveCount(0);
  await choose(page, 'Strategy', 'flora');
  await expect(ownShare).toHaveCount(0);
  await expect(page.getByRole('combobox', { name: 'Server optimizer' })).toHaveCount(0);
  await choose(page, 'Strategy', 'perfit');
  await choose(page, 'Server optimizer', 'FedAvgM: momentum');
  await serverRate.fill('0.5');
  await choose(page, 'Precision of what is sent', /^int8/);
  await page.getByLabel('Rewind after a search').uncheck();
  await page.getByLabel('Shared rounds first').fill('1');
  await ownShare.fill('2');
  // Folded away, it is still found where it is wrong.
  await page.getByText('Advanced', { exact: true }).click();
  await expect(ownShare).toBeHidden();
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page.getByText('Give a number from 0 to 1.')).toBeVisible();
  await expect(ownShare).toBeFocused();

  await ownShare.fill('0.3');
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page).toHaveURL(/\/operator\/advanced-village/);
  const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
  expect((await stage.operator.detail(id)).config).toMatchObject({
    strategy: 'perfit',
    server: { optimizer: 'momentum', learningRate: 0.5 },
    search: { rewind: false, sharedRounds: 1 },
    personal: { keep: 0.3 },
    wire: { dtype: 'int8' },
  });
});

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

async function choose(page: Page, field: string, option: string | RegExp): Promise<void> {
  await page.getByRole('combobox', { name: field }).click();
  await page.getByRole('option', { name: option }).click();
}
