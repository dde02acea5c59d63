import type { OperatorAccount } from '@perfit/protocol';
import { describe, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { playCoordinator, refusal } from '../../../test/play-coordinator.ts';
import { instant } from '../../../test/samples.ts';
import { button, dialog, expectAccessible, field, see, seeFailure, seeNot, show } from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import { Operators } from './operators.tsx';

const row = (name: RegExp) => page.getByRole('row', { name });
const diskFull = () => refusal('internal', 'The disk is full.', 500);

describe('Operators', () => {
  const OPERATORS = 'GET /api/admin/operators';
  const account = (name: string, role: OperatorAccount['role']): OperatorAccount => ({
    name,
    role,
    createdAt: instant,
  });
  const both = [account('ada', 'viewer'), account('grace', 'admin')];
  const roleOf = (name: string) => page.getByRole('combobox', { name: `Role of ${name}` });

  it('looks, and then lets nobody take their own role away', async () => {
    const looking = later<readonly OperatorAccount[]>();
    playCoordinator({ [OPERATORS]: () => looking.answer });
    await show(<Operators me="grace" />);
    await expect.element(page.getByRole('table')).not.toBeInTheDocument();
    looking.give(both);
    await expect.element(roleOf('grace')).toBeDisabled();
    await expect.element(roleOf('ada')).toHaveValue('viewer');
    await expect.element(row(/^grace/).getByRole('button', { name: 'Remove' })).not.toBeInTheDocument();
    await expectAccessible();
  });

  it('says where it could not look', async () => {
    playCoordinator({ [OPERATORS]: diskFull });
    await show(<Operators me="grace" />);
    await seeFailure('That didn’t work', 'The disk is full.');
  });

  it('changes a role, and says where that is refused', async () => {
    const change = vi.fn((_: unknown) => refusal('forbidden', 'You may not.', 403));
    playCoordinator({ [OPERATORS]: () => both, 'PATCH /api/admin/operators/ada': change });
    await show(<Operators me="grace" />);
    await roleOf('ada').selectOptions('operator');
    await seeFailure('That didn’t work', 'You may not.', 'forbidden');
    expect(change.mock.calls[0]?.[0]).toEqual({ role: 'operator' });
    await expectAccessible();
  });

  it('asks before it removes somebody, and says where that is refused', async () => {
    playCoordinator({
      [OPERATORS]: () => both,
      'DELETE /api/admin/operators/ada': () => refusal('conflict', 'No.', 409),
    });
    await show(<Operators me="grace" />);
    await button('Remove').click();
    await expect.element(dialog('Remove this operator?')).toHaveTextContent(/^.*ada can no longer log in\./);
    await button('Remove operator').click();
    await expect.element(dialog('Remove this operator?')).toHaveTextContent('No.');
    await expectAccessible();
    playCoordinator({ 'DELETE /api/admin/operators/ada': () => ({}), [OPERATORS]: () => both.slice(1) });
    await button('Remove operator').click();
    await expect.element(page.getByRole('dialog')).not.toBeInTheDocument();
    await expect.element(roleOf('ada')).not.toBeInTheDocument();
  });

  it('adds somebody, and tells their password once', async () => {
    const add = vi.fn((_: unknown) => ({ ...account('alan', 'operator'), password: 'hush-hush-hush' }));
    playCoordinator({ [OPERATORS]: () => both, 'POST /api/admin/operators': add });
    await show(<Operators me="grace" />);
    await expect.element(button('Add operator')).toBeDisabled();
    await field('Name').fill('x'.repeat(61));
    await see('Use 1 to 60 characters.');
    await field('Name').fill('alan');
    await userEvent.keyboard('{Enter}');
    await see(
      'Password for alan',
      'hush-hush-hush',
      'Save it now: it won’t be shown again, and nobody can look it up.',
    );
    expect(add.mock.calls[0]?.[0]).toEqual({ name: 'alan', role: 'operator' });
    await expectAccessible();
    await button('I’ve saved it').click();
    await seeNot('hush-hush-hush');
  });
});
