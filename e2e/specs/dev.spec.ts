import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'playwright/test';
import { isLongForm, longFormReason } from '../../testing/form.ts';
import { projectRoot } from '../demo/coordinator-process.ts';

test('npm run dev: one address for page, logins and sockets, a coordinator that starts again, one end for both', async ({
  page,
}) => {
  test.skip(!isLongForm, longFormReason);
  // Compiling takes its time where other tests keep the cores busy.
  test.setTimeout(400_000);
  const folder = mkdtempSync(join(tmpdir(), 'perfit-dev-'));
  const data = join(folder, 'data');
  const args = [join(projectRoot, 'scripts/dev.mjs'), '--port', '0', '--data', data];
  // In CI: nobody's git hooks are changed by a test.
  const dev = spawn(process.execPath, args, { env: { ...process.env, CI: 'true', PERFIT_OPERATOR_PASSWORD: '' } });
  let said = '';
  for (const stream of [dev.stdout, dev.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
  }
  const ended = new Promise<number | null>((resolve) => dev.once('exit', resolve));
  const hears = async (sentence: RegExp): Promise<string> => {
    await expect.poll(() => said, { timeout: 120_000 }).toMatch(sentence);
    return sentence.exec(said)?.[1] as string;
  };
  const socket = () => page.waitForEvent('websocket', (one) => one.url().includes('/socket.io/'));
  try {
    const address = await hears(/^PerFIT in development: (\S+)$/m);
    const password = await hears(/^Log in as operator with (\S+)$/m);
    await hears(new RegExp(`^Operator page: ${new URL('/operator', address).href}$`, 'm'));

    await test.step('the session of a login is good for the operator’s socket', async () => {
      const opened = socket();
      await page.goto(`${address}operator`, { timeout: 60_000 });
      await page.getByLabel('Name').fill('operator');
      await page.getByLabel('Password').fill(password);
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByRole('link', { name: /First federation/ }).click();
      expect(new URL((await opened).url()).host).toBe(new URL(address).host);
      await expect(page.getByText('Live.')).toBeVisible();
    });

    await test.step('a changed source starts the coordinator again, and requests wait for it', async () => {
      const reopened = socket();
      const now = new Date();
      utimesSync(join(projectRoot, 'packages/protocol/src/index.ts'), now, now);
      await hears(/^coordinator: (packages\/protocol\/src\/index\.ts) changed$/m);
      expect((await page.request.get(`${address}api/federations`, { timeout: 60_000 })).status()).toBe(200);
      await hears(/^coordinator: restarted in ([\d.]+) s$/m);
      await reopened;
      await expect(page.getByText('Live.')).toBeVisible();
    });

    await test.step('they end together, in order', async () => {
      dev.kill('SIGINT');
      expect(await ended).toBe(0);
      expect(existsSync(join(data, 'coordinator.lock'))).toBe(false);
    });
  } finally {
    dev.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
});
