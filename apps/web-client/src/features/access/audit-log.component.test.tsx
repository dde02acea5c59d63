import type { AuditPage } from '@perfit/protocol';
import { describe, expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { playCoordinator, refusal } from '../../../test/play-coordinator.ts';
import { instant } from '../../../test/samples.ts';
import { button, expectAccessible, see, seeFailure, show } from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import { AuditLog } from './audit-log.tsx';

const row = (name: RegExp) => page.getByRole('row', { name });
const diskFull = () => refusal('internal', 'The disk is full.', 500);

describe('AuditLog', () => {
  const entry = (sequence: number, changes: Partial<AuditPage['entries'][number]> = {}) => ({
    sequence,
    at: instant,
    actor: 'grace',
    actorKind: 'operator' as const,
    address: '10.0.0.1',
    action: 'federation.create',
    target: 'bakers',
    outcome: 'done',
    ...changes,
  });
  const AUDIT = 'GET /api/admin/audit?limit=25';

  it('looks, and then shows who did what', async () => {
    const looking = later<AuditPage>();
    playCoordinator({ [AUDIT]: () => looking.answer });
    await show(<AuditLog />);
    await expect.element(page.getByRole('table')).not.toBeInTheDocument();
    looking.give({
      entries: [
        entry(3),
        entry(2, { actor: 'nightly', actorKind: 'key', outcome: 'conflict' }),
        entry(1, {
          actor: null,
          actorKind: 'stranger',
          action: 'session.login',
          target: null,
          outcome: 'login-failed',
        }),
      ],
      next: null,
    });
    await expect.element(row(/grace federation\.create bakers done 10\.0\.0\.1$/)).toBeVisible();
    await expect.element(row(/key “nightly” federation\.create bakers conflict/)).toBeVisible();
    await expect.element(row(/not logged in session\.login login-failed/)).toBeVisible();
    await expect.element(button('Older')).toBeDisabled();
    await expectAccessible();
  });

  it('says where it could not look', async () => {
    playCoordinator({ [AUDIT]: diskFull });
    await show(<AuditLog />);
    await seeFailure('That didn’t work', 'The disk is full.');
  });

  it('goes back page by page, and to the newest at once', async () => {
    playCoordinator({
      [AUDIT]: () => ({ entries: [entry(30, { target: 'first page' })], next: 30 }),
      [`${AUDIT}&before=30`]: () => ({ entries: [entry(5, { target: 'second page' })], next: null }),
    });
    await show(<AuditLog />);
    await expect.element(button('Newest')).toBeDisabled();
    await button('Older').click();
    await see('second page');
    await expect.element(button('Older')).toBeDisabled();
    await button('Newest').click();
    await see('first page');
  });

  it('shows one kind alone, and says that there is none of it', async () => {
    playCoordinator({
      [AUDIT]: () => ({ entries: [entry(1)], next: null }),
      [`${AUDIT}&action=key.`]: () => ({ entries: [], next: null }),
    });
    await show(<AuditLog />);
    await page.getByRole('combobox', { name: 'Show' }).selectOptions('API keys');
    await see('No entries of this kind.');
    await expect.element(page.getByRole('row')).not.toBeInTheDocument();
    await expectAccessible();
  });
});
