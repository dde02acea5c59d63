import type { FederationDetail, OperatorRole } from '@perfit/protocol';
import { describe, expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { playCoordinator, refusal } from '../../../test/play-coordinator.ts';
import { playSocket } from '../../../test/play-socket.ts';
import { sampleClient, sampleDetail, sampleOperator, sampleRound } from '../../../test/samples.ts';
import { expectAccessible, see, seeFailure, seeNot, show } from '../../../test/stage.tsx';
import { OperatorDetail } from './operator-detail.tsx';

const DETAIL = 'GET /api/admin/federations/bakers';
const noGroups = { smallestGroup: 3, masks: 0, layers: 0, modules: [], groups: [], overlap: [] };

const start = async (detail: FederationDetail, role: OperatorRole = 'operator') => {
  playCoordinator({
    'GET /api/admin/session': () => sampleOperator(role),
    [DETAIL]: () => detail,
    'GET /api/admin/federations/bakers/atlas': () => noGroups,
    'GET /api/admin/federations/bakers/invites': () => [],
  });
  await show(<OperatorDetail id="bakers" />);
};
const heading = (name: string) => page.getByRole('heading', { name, exact: true });

describe('OperatorDetail', () => {
  it('says that there is no such federation', async () => {
    playCoordinator({ [DETAIL]: () => refusal('not-found', 'There is no federation bakers.', 404) });
    await show(<OperatorDetail id="bakers" />);
    await seeFailure('That didn’t work', 'There is no federation bakers.');
  });

  it('shows one that waits for people, and how to invite them', async () => {
    await start(sampleDetail());
    await expect.element(heading('Bakers')).toBeVisible();
    await see(
      'recruiting',
      /^Round 0 of 3\. 1 client ready, 2 needed to start\. perfit on perfit-nano, 40,000 adapter/,
    );
    await see('The first round hasn’t started.', 'Nobody has joined yet.', 'No events yet.');
    await see('No invite is valid right now. Create a new one.');
    await expectAccessible();
  });

  it('refreshes by itself while it is not live, and says so', async () => {
    await start(sampleDetail());
    await see(/Not live: refreshes every few seconds\.$/);
  });

  it('follows the federation live', async () => {
    const socket = playSocket('/operator');
    await start(sampleDetail());
    await see(/Live\.$/);
    expect(socket.sent).toEqual([['watch', { federation: 'bakers' }]]);
    socket.tell('detail', sampleDetail({ id: 'millers', config: { name: 'Millers' } }));
    socket.tell('detail', sampleDetail({ status: { state: 'training', round: 1 }, clients: [sampleClient()] }));
    await see('training', /^Round 1 of 3\./);
    await expect.element(page.getByRole('cell', { name: /^Ada/ })).toBeVisible();
    await expect.element(heading('Bakers')).toBeVisible();
  });

  it('draws what its rounds came to', async () => {
    const rounds = [sampleRound(), sampleRound({ number: 2 })];
    await start(sampleDetail({ status: { state: 'training', round: 2 }, rounds, clients: [sampleClient()] }));
    for (const name of ['Perplexity', 'Loss', 'Time', 'Submissions', 'Update sizes'])
      await expect.element(page.getByRole('img', { name, exact: true })).toBeVisible();
    await see('Total so far: 20 kB up, 40 kB down.');
    await expectAccessible();
  });

  it('invites nobody to one that is over, and says why it ended', async () => {
    await start(sampleDetail({ status: { state: 'failed', round: 2, reason: 'Too few took part.' }, actions: [] }));
    await see('failed', /Too few took part\.$/);
    await seeNot('Invite people', /needed to start/);
  });

  it('offers nothing to do to somebody who may only look', async () => {
    await start(sampleDetail(), 'viewer');
    await expect.element(heading('Bakers')).toBeVisible();
    await seeNot('Invite people');
    await expect.element(page.getByRole('button', { name: 'Start now' })).not.toBeInTheDocument();
  });
});
