import type { InviteView } from '@perfit/protocol';
import { describe, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { playCoordinator, refusal } from '../../../test/play-coordinator.ts';
import { instant, sampleDetail } from '../../../test/samples.ts';
import { button, dialog, expectAccessible, field, see, seeFailure, show } from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import { Invites } from './invites.tsx';

const INVITES = '/api/admin/federations/bakers/invites';
const invite = (id: string, changes: Partial<InviteView> = {}): InviteView => ({
  id,
  code: `code-${id}`,
  joinUrl: `http://elsewhere.example/join/bakers?invite=code-${id}`,
  label: `For ${id}`,
  uses: 0,
  usesLeft: null,
  createdAt: instant,
  expiresAt: null,
  revokedAt: null,
  usable: true,
  ...changes,
});
const start = async (invites: readonly InviteView[]) => {
  playCoordinator({ [`GET ${INVITES}`]: () => invites });
  await show(<Invites detail={sampleDetail()} />);
};
const row = (name: RegExp) => page.getByRole('row', { name });

describe('Invites', () => {
  it('has one link for everybody where the federation is open', async () => {
    await show(<Invites detail={sampleDetail({ config: { access: 'open' } })} />);
    await see('This federation is open: anyone who opens this link can take part.');
    await expect.element(field('Link')).toHaveValue(`${location.origin}/join/bakers`);
    await expectAccessible();
  });

  it('looks, and then shows the newest that lets people in, by the address that this page has', async () => {
    const looking = later<readonly InviteView[]>();
    playCoordinator({ [`GET ${INVITES}`]: () => looking.answer });
    await show(<Invites detail={sampleDetail()} />);
    await expect.element(button('New invite')).not.toBeInTheDocument();
    looking.give([invite('a'), invite('b', { createdAt: '2026-11-23T10:00:00.000Z', uses: 3, usesLeft: 7 })]);
    await expect.element(field('For b')).toHaveValue(`${location.origin}/join/bakers?invite=code-b`);
    await expect.element(page.getByRole('img', { name: 'QR code of the invite link' })).toBeVisible();
    await see('Used 3 times, 7 left. Never');
    await expectAccessible();
    await row(/^For a/)
      .getByRole('button', { name: 'Show' })
      .click();
    await expect.element(field('For a')).toBeVisible();
  });

  it('says where it could not look', async () => {
    playCoordinator({ [`GET ${INVITES}`]: () => refusal('internal', 'The disk is full.', 500) });
    await show(<Invites detail={sampleDetail()} />);
    await seeFailure('That didn’t work', 'The disk is full.');
  });

  it('says of each that lets nobody in why', async () => {
    await start([
      invite('a', { usable: false, revokedAt: instant }),
      invite('b', { usable: false, expiresAt: '2020-01-01T00:00:00.000Z' }),
      invite('c', { usable: false, uses: 2, usesLeft: 0 }),
    ]);
    await see('No invite is valid right now. Create a new one.');
    await expect.element(row(/^For a revoked Not used yet\. Never/)).toBeVisible();
    await expect.element(row(/^For b expired Not used yet\. Expired/)).toBeVisible();
    await expect.element(row(/^For c used up Used twice, 0 left\./)).toBeVisible();
    await expect.element(button('Revoke…')).not.toBeInTheDocument();
    await expectAccessible();
  });

  it('asks before it revokes', async () => {
    const revoke = vi.fn(() => ({}));
    playCoordinator({ [`DELETE ${INVITES}/a`]: revoke });
    await start([invite('a')]);
    await button('Revoke…').click();
    await expect.element(dialog('Revoke this invite?')).toHaveTextContent('“For a” will no longer let anyone in.');
    await expectAccessible();
    await button('Cancel').click();
    expect(revoke).not.toHaveBeenCalled();
    await button('Revoke…').click();
    playCoordinator({ [`GET ${INVITES}`]: () => [invite('a', { usable: false, revokedAt: instant })] });
    await button('Revoke invite').click();
    await expect.element(row(/^For a revoked/)).toBeVisible();
    expect(revoke).toHaveBeenCalledOnce();
  });

  it('makes another by keys alone, and shows it', async () => {
    const add = vi.fn((_: unknown) => invite('b'));
    playCoordinator({ [`POST ${INVITES}`]: add });
    await start([invite('a', { createdAt: '2026-11-24T10:00:00.000Z' })]);
    await button('New invite').click();
    await field('Label').click();
    await userEvent.keyboard('For b');
    await userEvent.tab();
    await userEvent.keyboard('5');
    await expectAccessible();
    playCoordinator({
      [`GET ${INVITES}`]: () => [invite('a', { createdAt: '2026-11-24T10:00:00.000Z' }), invite('b')],
    });
    await userEvent.keyboard('{Enter}');
    await expect.element(field('For b')).toBeVisible();
    expect(add.mock.calls[0]?.[0]).toEqual({ label: 'For b', maxUses: 5 });
    await expect.element(button('Create invite')).not.toBeInTheDocument();
  });

  it('says what is wrong with one, and why the coordinator refuses it', async () => {
    playCoordinator({ [`POST ${INVITES}`]: () => refusal('conflict', 'There are too many.', 409) });
    await start([]);
    await button('New invite').click();
    await field('Uses').fill('0');
    await see('Enter a whole number from 1 to 100,000.');
    await field('Valid for (hours)').fill('9000');
    await see('Enter a number above 0, at most 8,784.');
    await expectAccessible();
    await field('Uses').fill('1');
    await field('Valid for (hours)').fill('2');
    await button('Create invite').click();
    await seeFailure('That didn’t work', 'There are too many.');
    await button('Cancel').click();
    await expect.element(button('New invite')).toBeVisible();
  });
});
