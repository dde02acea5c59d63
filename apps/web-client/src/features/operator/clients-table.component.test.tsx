import type { ClientView, FederationDetail, OperatorRole } from '@perfit/protocol';
import { describe, expect, it, vi } from 'vitest';
import { page } from 'vitest/browser';
import { playCoordinator, refusal } from '../../../test/play-coordinator.ts';
import { instant, sampleClient, sampleDetail, sampleOperator, sampleRound } from '../../../test/samples.ts';
import { button, dialog, expectAccessible, see, show } from '../../../test/stage.tsx';
import { ClientsTable } from './clients-table.tsx';

const ACT = 'POST /api/admin/federations/bakers/clients/client-1/actions';
const start = async (
  clients: readonly ClientView[],
  { role = 'operator', ...changes }: Partial<FederationDetail> & { readonly role?: OperatorRole } = {},
) => {
  playCoordinator({ 'GET /api/admin/session': () => sampleOperator(role) });
  await show(<ClientsTable detail={sampleDetail({ ...changes, clients: [...clients] })} />);
};
const row = () => page.getByRole('row').nth(1);

describe('ClientsTable', () => {
  it('says that nobody has come yet', async () => {
    await start([]);
    await see('Nobody has joined yet.');
  });

  it('shows where somebody is, on what, and what they have gained', async () => {
    const progress = { round: 1, phase: 'tune', done: 0.4, loss: 2.131 } as const;
    await start([sampleClient({ progress })], { rounds: [sampleRound()] });
    for (const part of ['Ada', 'connected', 'tune, loss 2.13', 'webgpu, 412 tokens/s', '25 %', '72 + 20'])
      await expect.element(row()).toHaveTextContent(part);
    for (const part of ['10,000 (25 %)', '20 kB / 40 kB', '160 → 92.4'])
      await expect.element(row()).toHaveTextContent(part);
    await expect
      .element(page.getByRole('progressbar', { name: 'Progress of Ada' }))
      .toHaveAttribute('aria-valuenow', '40');
    await expectAccessible();
  });

  it.each([
    [0.94, 'on average, their perplexity is 6 % lower than alone.'],
    [1.002, 'on average, their perplexity is less than 1 % higher than alone.'],
  ])('says what joining was worth to those who share it: %d', async (ratio, words) => {
    await start([sampleClient()], { joining: { people: 5, helped: 3, didNotHelp: 1, ratio } });
    const counts =
      'Of 5 who compared with tuning alone and share it: joining helped 3, didn’t help 1, and 1 can’t tell yet';
    await expect.element(page.getByTestId('joining')).toHaveTextContent(`${counts}; ${words}`);
  });

  it('shows what is not known', async () => {
    await start([sampleClient({ kept: null, device: { backend: 'wasm', description: 'eight cores' } })]);
    await expect.element(row()).toHaveTextContent(/wasmeight cores/);
    await expect.element(row()).toHaveTextContent('not shared');
  });

  it('says by which limit somebody has less', async () => {
    const slowDevices = [{ below: 500, density: 0.1 }];
    playCoordinator({ 'GET /api/admin/session': () => sampleOperator() });
    const detail = sampleDetail({ config: { search: { slowDevices } }, clients: [sampleClient({ density: 0.1 })] });
    await show(<ClientsTable detail={detail} />);
    await expect.element(row()).toHaveTextContent('10 %, below 500 tokens/s');
  });

  it.each<[Partial<ClientView>, string, string[]]>([
    [{ connected: true }, 'connected', ['Remove Ada', 'Ban Ada']],
    [
      { connected: false, lastSeen: new Date(Date.now() - 5 * 60_000).toISOString() },
      'awayseen 5 min ago',
      ['Remove Ada', 'Ban Ada'],
    ],
    [{ connected: false, removedAt: instant }, 'removed', ['Ban Ada']],
    [{ connected: false, removedAt: instant, bannedAt: instant }, 'banned', ['Unban Ada']],
  ])('shows %o, and what can be done', async (changes, standing, actions) => {
    await start([sampleClient(changes)]);
    await expect.element(row()).toHaveTextContent(standing);
    await expect
      .poll(() =>
        page
          .getByRole('button')
          .elements()
          .map((one) => one.getAttribute('aria-label')),
      )
      .toEqual(actions);
    await expectAccessible();
  });

  it('lets nobody send others away who may only look', async () => {
    await start([sampleClient()], { role: 'viewer' });
    await expect.element(row()).toHaveTextContent('Ada');
    await expect.element(page.getByRole('button')).not.toBeInTheDocument();
  });

  it('asks before it bans, says why it could not, and does it', async () => {
    playCoordinator({ [ACT]: () => refusal('conflict', 'It is banned already.', 409) });
    await start([sampleClient()]);
    await button('Ban Ada').click();
    await expect.element(dialog('Ban Ada?')).toBeVisible();
    await expectAccessible();
    await button('Ban').click();
    await expect.element(dialog('Ban Ada?')).toHaveTextContent('It is banned already.');
    const act = vi.fn((_: unknown) => sampleDetail());
    playCoordinator({ [ACT]: act });
    await button('Ban').click();
    await expect.element(page.getByRole('dialog')).not.toBeInTheDocument();
    expect(act.mock.calls[0]?.[0]).toEqual({ action: 'ban' });
  });
});
