import { describe, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { playCoordinator, refusal } from '../../../test/play-coordinator.ts';
import { sampleOperator } from '../../../test/samples.ts';
import { button, expectAccessible, see, seeFailure, seeNot, show } from '../../../test/stage.tsx';
import { OwnPassword } from './own-password.tsx';

describe('OwnPassword', () => {
  const CHANGE = 'POST /api/admin/password';
  const fill = async (next: string) => {
    await show(<OwnPassword />);
    await page.getByLabelText('Current password').fill('the old one');
    await page.getByLabelText('New password').fill(next);
  };

  it('wants a new one that is long enough', async () => {
    await fill('too short');
    await expect.element(button('Change password')).toBeDisabled();
    await see('At least 12 characters.');
    await expectAccessible();
  });

  it('changes it, and forgets what was typed', async () => {
    const change = vi.fn((_: unknown) => sampleOperator());
    playCoordinator({ [CHANGE]: change });
    await fill('a much longer one');
    await userEvent.keyboard('{Enter}');
    await see('Password changed. Your other sessions have ended.');
    expect(change.mock.calls[0]?.[0]).toEqual({ current: 'the old one', next: 'a much longer one' });
    await expect.element(page.getByLabelText('Current password')).toHaveValue('');
    await page.getByLabelText('Current password').fill('x');
    await seeNot('Password changed. Your other sessions have ended.');
  });

  it('says that the old one is wrong, and keeps what was typed', async () => {
    playCoordinator({ [CHANGE]: () => refusal('login-failed', 'The password is wrong.', 401) });
    await fill('a much longer one');
    await button('Change password').click();
    await seeFailure('That didn’t work', 'The password is wrong.');
    await expect.element(page.getByLabelText('New password')).toHaveValue('a much longer one');
    await expectAccessible();
  });

  it('is sent once', async () => {
    playCoordinator({ [CHANGE]: () => new Promise(() => {}) });
    await fill('a much longer one');
    await button('Change password').click();
    await expect.element(page.getByRole('button', { name: 'Change password' })).toHaveAttribute('data-loading');
  });
});
