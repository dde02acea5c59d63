import type { FederationDetail, OperatorRole } from '@perfit/protocol';
import { describe, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { playCoordinator, refusal } from '../../../test/play-coordinator.ts';
import { sampleDetail, sampleOperator, sampleRound } from '../../../test/samples.ts';
import { button, dialog, expectAccessible, seeFailure, show } from '../../../test/stage.tsx';
import { FederationActions } from './federation-actions.tsx';

const ACT = 'POST /api/admin/federations/bakers/actions';
const ON_ROUND = 'POST /api/admin/federations/bakers/rounds/2/actions';
const running = sampleDetail({
  status: { state: 'training', round: 2 },
  actions: ['pause', 'stop'],
  roundActions: ['repeat', 'skip'],
  rounds: [sampleRound(), sampleRound({ number: 2, state: 'training', closedAt: null })],
});

const start = async (detail: FederationDetail, role: OperatorRole = 'operator') => {
  playCoordinator({ 'GET /api/admin/session': () => sampleOperator(role) });
  await show(<FederationActions detail={detail} />);
};
const labels = () =>
  page
    .getByRole('button')
    .elements()
    .map(({ textContent }) => textContent);

describe('FederationActions', () => {
  it('offers nothing to somebody who may only look', async () => {
    await start(running, 'viewer');
    await expect.poll(labels).toEqual([]);
  });

  it.each([
    [sampleDetail(), ['Start now', 'Stop']],
    [sampleDetail({ status: { state: 'paused', round: 1 }, actions: ['resume', 'stop'] }), ['Resume', 'Stop']],
    [running, ['Pause', 'Stop', 'Repeat round', 'Skip round']],
    [sampleDetail({ status: { state: 'finished' }, actions: [] }), []],
  ])('offers what would move it now (%#)', async (detail, offered) => {
    await start(detail);
    await expect.poll(labels).toEqual(offered);
    await expectAccessible();
  });

  it('does at once what loses nothing', async () => {
    const act = vi.fn((_: unknown) => sampleDetail());
    playCoordinator({ [ACT]: act });
    await start(sampleDetail());
    await button('Start now').click();
    await expect.poll(() => act.mock.calls[0]?.[0]).toEqual({ action: 'start' });
    await expect.element(page.getByRole('dialog')).not.toBeInTheDocument();
  });

  it('asks before it stops, and is content with a no', async () => {
    const act = vi.fn((_: unknown) => sampleDetail());
    playCoordinator({ [ACT]: act });
    await start(running);
    await button('Stop').click();
    await expect.element(dialog('Stop this federation for good?')).toBeVisible();
    await expect.element(button('Cancel')).toHaveFocus();
    await expectAccessible();
    await userEvent.keyboard('{Escape}');
    await expect.element(page.getByRole('dialog')).not.toBeInTheDocument();
    expect(act).not.toHaveBeenCalled();
    await button('Stop').click();
    await button('Stop federation').click();
    await expect.poll(() => act.mock.calls[0]?.[0]).toEqual({ action: 'stop' });
    await expect.element(page.getByRole('dialog')).not.toBeInTheDocument();
  });

  it('asks before it repeats a round, and stays open where that is refused', async () => {
    playCoordinator({ [ON_ROUND]: () => refusal('conflict', 'The round has closed.', 409) });
    await start(running);
    await button('Repeat round').click();
    await dialog('Repeat round 2?').getByRole('button', { name: 'Repeat round' }).click();
    await expect.element(dialog('Repeat round 2?')).toHaveTextContent('The round has closed.');
    await expectAccessible();
    await button('Cancel').click();
    const act = vi.fn((_: unknown) => running);
    playCoordinator({ [ON_ROUND]: act });
    await button('Skip round').click();
    await expect.element(dialog('Skip round 2?')).not.toHaveTextContent('The round has closed.');
    await dialog('Skip round 2?').getByRole('button', { name: 'Skip round' }).click();
    await expect.poll(() => act.mock.calls[0]?.[0]).toEqual({ action: 'skip' });
  });

  it('says why it could not', async () => {
    playCoordinator({ [ACT]: () => refusal('conflict', 'It has started already.', 409) });
    await start(sampleDetail());
    await button('Start now').click();
    await seeFailure('That didn’t work', 'It has started already.');
  });
});
