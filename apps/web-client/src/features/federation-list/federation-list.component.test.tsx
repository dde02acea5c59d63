import { describe, expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { playCoordinator, refusal } from '../../../test/play-coordinator.ts';
import { sampleFederation } from '../../../test/samples.ts';
import { expectAccessible, see, seeFailure, show } from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import { FederationList } from './federation-list.tsx';

const LIST = 'GET /api/federations';
const items = () => page.getByRole('listitem');

describe('FederationList', () => {
  it('looks, and then says that there are none', async () => {
    const looking = later<readonly unknown[]>();
    playCoordinator({ [LIST]: () => looking.answer });
    await show(<FederationList />);
    await expect.element(page.getByLabelText('Loading federations')).toBeVisible();
    looking.give([]);
    await see('No federations yet', 'Whoever runs this coordinator can create one on the operator page.');
    await expectAccessible();
  });

  it('says why they did not come', async () => {
    playCoordinator({ [LIST]: () => refusal('internal', 'The disk is full.', 500) });
    await show(<FederationList />);
    await seeFailure('Could not load federations', 'The disk is full.', 'internal');
    await expectAccessible();
  });

  it('says that this page is older than the coordinator', async () => {
    playCoordinator({ [LIST]: () => [{ id: 'bakers' }] });
    await show(<FederationList />);
    await seeFailure('Could not load federations', 'Reload the page', 'bad-message');
  });

  it('shows each, those that are over last', async () => {
    const over = sampleFederation({
      id: 'millers',
      config: { name: 'Millers' },
      status: { state: 'stopped', round: 2 },
    });
    const host = { name: 'The guild' };
    const open = sampleFederation({ host, config: { description: 'For bakers.', access: 'open' } });
    playCoordinator({ [LIST]: () => [over, open] });
    await show(<FederationList />);
    await expect.element(items().nth(0)).toHaveTextContent(/^Bakerswaiting for peopleFor bakers\.Run by The guild/);
    await expect.element(items().nth(0)).toHaveTextContent(/Round0 of 3Ready now1Accessopen to everyone$/);
    await expect.element(items().nth(1)).toHaveTextContent(/^Millersended early.*Accessinvite only$/);
    await expect.element(page.getByRole('link', { name: 'Bakers' })).toHaveAttribute('href', '/join/bakers');
    await expectAccessible();
  });

  it.each([
    ['recruiting', 'waiting for people'],
    ['training', 'in progress'],
    ['aggregating', 'in progress'],
    ['paused', 'paused'],
    ['finished', 'finished'],
    ['failed', 'failed'],
  ] as const)('says in plain words that one is %s', async (state, words) => {
    playCoordinator({ [LIST]: () => [sampleFederation({ status: { state } })] });
    await show(<FederationList />);
    await expect.element(items().getByText(words, { exact: true })).toBeVisible();
  });
});
