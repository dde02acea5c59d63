import type { ApiKeyView } from '@perfit/protocol';
import { describe, expect, it, vi } from 'vitest';
import { page } from 'vitest/browser';
import { playCoordinator, refusal } from '../../../test/play-coordinator.ts';
import { instant } from '../../../test/samples.ts';
import { button, dialog, expectAccessible, field, see, seeFailure, seeNot, show } from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import { ApiKeys } from './api-keys.tsx';

const row = (name: RegExp) => page.getByRole('row', { name });
const diskFull = () => refusal('internal', 'The disk is full.', 500);

describe('ApiKeys', () => {
  const KEYS = 'GET /api/admin/keys';
  const key = (id: string, changes: Partial<ApiKeyView> = {}): ApiKeyView => ({
    id,
    label: `For ${id}`,
    role: 'viewer',
    createdBy: 'grace',
    createdAt: instant,
    expiresAt: null,
    lastUsed: null,
    revokedAt: null,
    ...changes,
  });

  it('looks, and then says that there are none', async () => {
    const looking = later<readonly ApiKeyView[]>();
    playCoordinator({ [KEYS]: () => looking.answer });
    await show(<ApiKeys />);
    await seeNot('No keys yet.');
    looking.give([]);
    await see('No keys yet.');
    await expectAccessible();
  });

  it('says where it could not look', async () => {
    playCoordinator({ [KEYS]: diskFull });
    await show(<ApiKeys />);
    await seeFailure('That didn’t work', 'The disk is full.');
  });

  it('shows each with its end, and revokes no revoked one', async () => {
    playCoordinator({ [KEYS]: () => [key('a'), key('b', { expiresAt: instant }), key('c', { revokedAt: instant })] });
    await show(<ApiKeys />);
    await expect.element(row(/^For a viewer never never grace Revoke/)).toBeVisible();
    await expect.element(row(/^For b viewer 22 Nov 2026, 10:00 never grace/)).toBeVisible();
    await expect.element(row(/^For c viewer revoked never grace$/)).toBeVisible();
    await expectAccessible();
  });

  it('asks before it revokes', async () => {
    let left = [key('a')];
    playCoordinator({
      [KEYS]: () => left,
      'DELETE /api/admin/keys/a': () => {
        left = [key('a', { revokedAt: instant })];
        return {};
      },
    });
    await show(<ApiKeys />);
    await button('Revoke').click();
    await expect.element(dialog('Revoke this key?')).toHaveTextContent('Programs that use “For a” will be refused');
    await expectAccessible();
    await button('Revoke key').click();
    await expect.element(row(/^For a viewer revoked/)).toBeVisible();
    await expect.element(page.getByRole('dialog')).not.toBeInTheDocument();
  });

  it('creates one that never expires where that is asked for, and tells it once', async () => {
    const add = vi.fn((_: unknown) => ({ ...key('d'), key: 'pk-secret' }));
    playCoordinator({ [KEYS]: () => [], 'POST /api/admin/keys': add });
    await show(<ApiKeys />);
    await field('Label').fill('For d');
    await field('Valid for (days)').clear();
    await button('Create key').click();
    await see('Key “For d”', 'pk-secret');
    expect(add.mock.calls[0]?.[0]).toEqual({ label: 'For d', role: 'operator', expiresInDays: null });
    await expectAccessible();
    await button('I’ve saved it').click();
    await seeNot('pk-secret');
  });

  it('says what is wrong, and why one is refused', async () => {
    playCoordinator({
      [KEYS]: () => [],
      'POST /api/admin/keys': () => refusal('conflict', 'There are too many.', 409),
    });
    await show(<ApiKeys />);
    await field('Label').fill('x'.repeat(61));
    await see(/^Use a label of 1 to 60 characters/);
    await expect.element(button('Create key')).toBeDisabled();
    await field('Label').fill('For d');
    await button('Create key').click();
    await seeFailure('That didn’t work', 'There are too many.');
  });
});
