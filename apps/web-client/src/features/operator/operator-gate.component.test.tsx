import { Text } from '@mantine/core';
import { describe, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { playCoordinator, refusal } from '../../../test/play-coordinator.ts';
import { sampleOperator } from '../../../test/samples.ts';
import { button, expectAccessible, field, see, seeFailure, seeNot, show } from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import { OperatorGate } from './operator-gate.tsx';

const secret = 'what operators see';
const gate = (
  <OperatorGate>
    <Text>{secret}</Text>
  </OperatorGate>
);
const SESSION = 'GET /api/admin/session';
const LOGIN = 'POST /api/admin/login';
const stranger = () => refusal('login-required', 'Log in first.', 401);

describe('OperatorGate', () => {
  it('shows nothing of the operator’s before it knows who asks', async () => {
    const asking = later<Response>();
    playCoordinator({ [SESSION]: () => asking.answer });
    await show(gate);
    await seeNot(secret);
    await expect.element(button('Log in')).not.toBeInTheDocument();
    asking.give(stranger());
    await expect.element(page.getByRole('heading', { name: 'Operator' })).toBeVisible();
    await seeNot(secret);
    await expectAccessible();
  });

  it('lets somebody in who is logged in', async () => {
    playCoordinator({ [SESSION]: () => sampleOperator() });
    await show(gate);
    await see(secret, 'Logged in as grace');
    await expect.element(page.getByRole('link', { name: 'Access' })).toHaveAttribute('href', '/access');
    await expect.element(button('Log out')).toBeEnabled();
    await expectAccessible();
  });

  it('says where it could not ask', async () => {
    playCoordinator({ [SESSION]: () => refusal('internal', 'The disk is full.', 500) });
    await show(gate);
    await seeFailure('That didn’t work', 'The disk is full.', 'internal');
    await expect.element(button('Log in')).not.toBeInTheDocument();
  });

  it('says that the coordinator does not answer', async () => {
    playCoordinator({ [SESSION]: () => Promise.reject(new TypeError('Failed to fetch')) });
    await show(gate);
    await seeFailure('That didn’t work', 'The coordinator does not answer.', 'coordinator-unreachable');
  });
});

describe('LoginForm', () => {
  it('needs both, refuses what is wrong, and lets in what is right, by keys alone', async () => {
    let isIn = false;
    const login = vi.fn(() => {
      isIn = login.mock.calls.length > 1;
      return isIn ? sampleOperator() : refusal('login-failed', 'Wrong name or password.', 401);
    });
    playCoordinator({ [SESSION]: () => (isIn ? sampleOperator() : stranger()), [LOGIN]: login });
    await show(gate);
    await expect.element(button('Log in')).toBeDisabled();
    field('Name').element().focus();
    await userEvent.keyboard('grace');
    await expect.element(button('Log in')).toBeDisabled();
    await userEvent.tab();
    await userEvent.keyboard('wrong{Enter}');
    await seeFailure('Could not log in', 'Wrong name or password.', 'login-failed');
    await expect.element(field('Name')).toHaveValue('grace');
    await expectAccessible();
    await userEvent.keyboard('right{Enter}');
    await see(secret);
    expect(login).toHaveBeenLastCalledWith({ name: 'grace', password: 'wrongright' });
  });

  it('asks once while it is being answered', async () => {
    playCoordinator({ [SESSION]: stranger, [LOGIN]: () => new Promise(() => {}) });
    await show(gate);
    await field('Name').fill('grace');
    await page.getByLabelText('Password').fill('secret');
    await button('Log in').click();
    await expect.element(page.getByRole('button')).toHaveAttribute('data-loading', 'true');
  });
});
