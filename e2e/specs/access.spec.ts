import type { Page } from 'playwright/test';
import { axeFindings } from './page-checks.ts';
import { expect, test } from './stage.ts';

test.use({ ownCoordinator: true });

test('an admin lets others in, as far as they should come, ends their sessions, and sees what was done', async ({
  stage,
  page,
  browser,
}) => {
  await page.goto(`${stage.url}/access`);
  await logIn(page, stage.login);
  const operators = page.getByRole('region', { name: 'Operators' });
  const keys = page.getByRole('region', { name: 'API keys' });
  const log = page.getByRole('table', { name: 'Audit log' });

  const password = await test.step('a viewer gets a password that is shown once', async () => {
    await operators.getByLabel('Name', { exact: true }).fill('Vera');
    await operators.getByLabel('Role', { exact: true }).selectOption('viewer');
    await operators.getByRole('button', { name: 'Add operator' }).click();
    const told = operators.getByTestId('told-once');
    await expect(told).toHaveText(/^\S{12,}$/);
    const text = (await told.textContent()) as string;
    await operators.getByRole('button', { name: 'I’ve saved it' }).click();
    await expect(told).toHaveCount(0);
    await expect(operators.getByRole('row', { name: /^Vera/ })).toBeVisible();
    return text;
  });

  await test.step('a key works for what its role may do, until it is revoked', async () => {
    await keys.getByLabel('Label').fill('nightly export');
    await keys.getByLabel('Role', { exact: true }).selectOption('viewer');
    await keys.getByRole('button', { name: 'Create key' }).click();
    const headers = { authorization: `Bearer ${await keys.getByTestId('told-once').textContent()}` };
    const ask = async (path: string) => (await fetch(new URL(path, stage.url), { headers })).status;
    expect([await ask('/api/admin/federations'), await ask('/api/admin/operators')]).toEqual([200, 403]);
    expect(await axeFindings(page)).toEqual([]);
    await keys
      .getByRole('row', { name: /^nightly export/ })
      .getByRole('button', { name: 'Revoke' })
      .click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke key' }).click();
    await expect(keys.getByRole('cell', { name: 'revoked' })).toBeVisible();
    expect(await ask('/api/admin/federations')).toBe(401);
  });

  await test.step('who may only look is offered nothing else, and can be sent away', async () => {
    const other = await (await browser.newContext({ viewport: { width: 360, height: 780 } })).newPage();
    await other.goto(`${stage.url}/access`);
    await logIn(other, { name: 'Vera', password });
    await expect(other.getByRole('table', { name: 'Sessions' })).toContainText('this session');
    await expect(other.getByRole('region', { name: 'Operators' })).toHaveCount(0);
    expect(await other.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await page.reload();
    await page
      .getByRole('table', { name: 'Sessions' })
      .getByRole('row', { name: /^Vera/ })
      .getByRole('button', { name: 'End' })
      .click();
    await page.getByRole('dialog').getByRole('button', { name: 'End session' }).click();
    await expect(page.getByRole('table', { name: 'Sessions' }).getByText('Vera')).toHaveCount(0);
    await other.reload();
    await expect(other.getByRole('button', { name: 'Log in' })).toBeVisible();
    await other.context().close();
  });

  await test.step('all of it is in the log, and nothing secret', async () => {
    for (const deed of ['operator.add', 'key.add', 'key.revoke', 'session.revoke'])
      await expect(log.getByRole('cell', { name: deed }).first()).toBeVisible();
    await expect(log).not.toContainText(password);
    await page.getByLabel('Show', { exact: true }).selectOption('API keys');
    await expect(log.getByRole('cell', { name: 'operator.add' })).toHaveCount(0);
    await expect(log.getByRole('cell', { name: 'key.add' })).toBeVisible();
  });
});

async function logIn(page: Page, { name, password }: { name: string; password: string }): Promise<void> {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Access' })).toBeVisible();
}
