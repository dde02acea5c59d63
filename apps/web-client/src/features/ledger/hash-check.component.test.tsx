import { describe, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { done, playWorker, refused } from '../../../test/play-worker.ts';
import { button, expectAccessible, show } from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import type { LedgerApi, LedgerCheck } from '../../contract/ledger-api.ts';
import { HashCheck } from './hash-check.tsx';

const seat = { federation: 'bakers', as: '' };
const result = () => page.getByRole('status');

const checkWith = async (check: LedgerCheck) => {
  playWorker({ verifyLedger: async () => done(check) });
  await show(<HashCheck seat={seat} disabled={false} />);
  await button('Check hashes').click();
};

describe('HashCheck', () => {
  it('cannot be asked before there is something to check', async () => {
    await show(<HashCheck seat={seat} disabled />);
    await expect.element(button('Check hashes')).toBeDisabled();
    await expect.element(result()).toHaveTextContent('');
    await expectAccessible();
  });

  it('says how far it is, and then that all is as it was written down', async () => {
    const { answer, give } = later<null>();
    const verifyLedger = vi.fn<LedgerApi['verifyLedger']>(async (_, onProgress) => {
      onProgress(1200);
      await answer;
      return done({ entries: 1500, checked: 1500, wrong: [] });
    });
    playWorker({ verifyLedger });
    await show(<HashCheck seat={seat} disabled={false} />);
    await userEvent.tab();
    await userEvent.keyboard('{Enter}');
    await expect.element(result()).toHaveTextContent('Checking: 1,200 done.');
    give(null);
    await expect.element(result()).toHaveTextContent('1,500 messages checked: all match their recorded hash.');
    expect(verifyLedger.mock.calls[0]?.[0]).toEqual(seat);
    await expectAccessible();
  });

  it('tells those whose bytes are gone apart', async () => {
    await checkWith({ entries: 10, checked: 7, wrong: [] });
    await expect
      .element(result())
      .toHaveTextContent('7 messages checked: all match their recorded hash. For 3 more, only the hash is kept.');
  });

  it('names what was changed', async () => {
    await checkWith({ entries: 10, checked: 10, wrong: [3, 4] });
    await expect.element(result()).toHaveTextContent(/^2 of 10 messages don’t match their recorded hash/);
    await expectAccessible();
  });

  it('says why it could not look', async () => {
    playWorker({ verifyLedger: async () => refused('storage-unavailable', 'This browser keeps nothing.') });
    await show(<HashCheck seat={seat} disabled={false} />);
    await button('Check hashes').click();
    await expect.element(result()).toHaveTextContent('This browser keeps nothing.');
    await expect.element(button('Check hashes')).toBeEnabled();
  });
});
