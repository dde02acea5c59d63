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
