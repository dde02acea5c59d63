import type { SessionListEntry } from '@perfit/protocol';
import { describe, expect, it, vi } from 'vitest';
import { page } from 'vitest/browser';
import { playCoordinator, refusal } from '../../../test/play-coordinator.ts';
import { instant } from '../../../test/samples.ts';
import { button, dialog, expectAccessible, see, seeFailure, show } from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import { Sessions } from './sessions.tsx';

const row = (name: RegExp) => page.getByRole('row', { name });
const diskFull = () => refusal('internal', 'The disk is full.', 500);

describe('Sessions', () => {
  const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36';
  const session = (id: string, changes: Partial<SessionListEntry> = {}): SessionListEntry => ({
    id,
    operator: 'grace',
    address: '10.0.0.1',
    agent: chrome,
    createdAt: instant,
    lastSeen: instant,
    expiresAt: instant,
    current: false,
    ...changes,
  });
  const here = session('here', { current: true });
  const SESSIONS = 'GET /api/admin/sessions';

  it('looks, and then shows that there is no other', async () => {
    const looking = later<readonly SessionListEntry[]>();
    playCoordinator({ [SESSIONS]: () => looking.answer });
    await show(<Sessions name="grace" />);
    await expect.element(page.getByRole('table')).not.toBeInTheDocument();
    looking.give([here]);
    await expect.element(row(/^grace Chrome, Linux, 10\.0\.0\.1 22 Nov 2026, 10:00 this session/)).toBeVisible();
    await see('No other sessions.');
    await expect.element(button('End')).not.toBeInTheDocument();
    await expectAccessible();
  });

  it('says where it could not look', async () => {
    playCoordinator({ [SESSIONS]: diskFull });
    await show(<Sessions name="grace" />);
    await seeFailure('That didn’t work', 'The disk is full.');
  });

  it('asks before it ends one', async () => {
    let left = [here, session('there')];
    const end = vi.fn(() => {
      left = [here];
      return {};
    });
    playCoordinator({ [SESSIONS]: () => left, 'DELETE /api/admin/sessions/there': end });
    await show(<Sessions name="grace" />);
    await button('End').click();
    await expect
      .element(dialog('End this session?'))
      .toHaveTextContent('grace will have to log in again (Chrome, Linux).');
    await expectAccessible();
    await button('Cancel').click();
    expect(end).not.toHaveBeenCalled();
    await button('End').click();
    await button('End session').click();
    await see('No other sessions.');
    expect(end).toHaveBeenCalledOnce();
  });

  it('ends all of one’s own others, and nobody else’s', async () => {
    const ended: string[] = [];
    const end = (id: string) => () => {
      ended.push(id);
      return {};
    };
    playCoordinator({
      [SESSIONS]: () => [here, session('a'), session('b'), session('c', { operator: 'ada' })],
      'DELETE /api/admin/sessions/a': end('a'),
      'DELETE /api/admin/sessions/b': end('b'),
      'DELETE /api/admin/sessions/c': end('c'),
    });
    await show(<Sessions name="grace" />);
    await button('End all my other sessions').click();
    await expect.poll(() => ended).toEqual(['a', 'b']);
  });
});
