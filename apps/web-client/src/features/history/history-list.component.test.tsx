import { describe, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { done, playWorker, refused } from '../../../test/play-worker.ts';
import { at } from '../../../test/samples.ts';
import {
  button,
  dialog,
  expectAccessible,
  field,
  see,
  seeFact,
  seeFailure,
  seeNot,
  show,
} from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import type { Deleted, HistoryApi, HistoryEntry } from '../../contract/history-api.ts';
import type { Outcome } from '../../contract/outcome.ts';
import { HistoryList } from './history-list.tsx';

type Session = Extract<HistoryEntry, { kind: 'session' }>;

const session: Session = {
  key: 'bakers/',
  keptBytes: 3_400_000,
  isInUse: false,
  kind: 'session',
  seat: { federation: 'bakers', as: '' },
  name: 'Ada',
  federation: 'Bakers',
  host: null,
  standing: 'finished',
  startedAt: at,
  endedAt: at + 60_000,
  rounds: 2,
  roundsOf: 3,
  base: 160,
  tuned: 92.4,
  bytesUp: 20_000,
  bytesDown: 40_000,
  consent: null,
  hasModel: true,
};
const begun: HistoryEntry = {
  key: 'millers/',
  keptBytes: 300,
  isInUse: false,
  kind: 'begun',
  seat: { federation: 'millers', as: '' },
};
const unreadable: HistoryEntry = { key: 'old/', keptBytes: 0, isInUse: false, kind: 'unreadable' };

/** A browser that remembers these until they are deleted. */
function playHistory(entries: readonly HistoryEntry[], canUndo = true) {
  let left = entries;
  const deleteFromHistory = vi.fn<HistoryApi['deleteFromHistory']>(async (key) => {
    left = left.filter((entry) => entry.key !== key);
    return done({ canUndo });
  });
  const undoDeletion = vi.fn<HistoryApi['undoDeletion']>(async () => {
    left = entries;
    return done(null);
  });
  playWorker({ history: async () => done(left), deleteFromHistory, undoDeletion });
  return { deleteFromHistory, undoDeletion };
}

const cards = () => page.getByRole('article');
const question = () => dialog('Delete this federation from this browser?');

describe('HistoryList', () => {
  it('waits, and then says that there is nothing yet', async () => {
    const looking = later<Outcome<readonly HistoryEntry[]>>();
    playWorker({ history: () => looking.answer });
    await show(<HistoryList />);
    await expect.element(button('Delete everything…')).not.toBeInTheDocument();
    looking.give(done([]));
    await see('Nothing yet');
    await expect.element(page.getByRole('link', { name: 'See federations' })).toHaveAttribute('href', '/');
    await expectAccessible();
  });

  it('says that it could not read what is kept', async () => {
    playWorker({ history: async () => refused('storage-unavailable', 'This browser keeps nothing.') });
    await show(<HistoryList />);
    await seeFailure('Could not read what this browser has saved', 'This browser keeps nothing.');
  });

  it.each<[Partial<Session>, string, string]>([
    [{ standing: 'finished' }, 'Finished', 'Open model'],
    [{ standing: 'finished', hasModel: false }, 'Finished', 'Open'],
    [{ standing: 'running' }, 'Interrupted', 'Continue'],
    [{ standing: 'running', isInUse: true }, 'In progress', 'Open'],
    [{ standing: 'left' }, 'Left', 'Continue'],
  ])('shows one by where it stands: %o', async (changes, standing, way) => {
    playHistory([{ ...session, ...changes }]);
    await show(<HistoryList />);
    await expect.element(cards().getByText(standing, { exact: true })).toBeVisible();
    await expect.element(cards().getByRole('link', { name: way, exact: true })).toHaveAttribute('href', '/join/bakers');
    await expect.element(button('Delete Bakers'))[changes.isInUse ? 'toBeDisabled' : 'toBeEnabled']();
    if (changes.isInUse) await see('In use in another tab. Leave it there to delete it here.');
  });

  it('has the figures of each, and what was agreed to in its own words', async () => {
    const consent = { at, version: 'ab', sentences: ['I understand.'], shareEvaluation: false };
    playHistory([{ ...session, consent, host: 'the guild' }]);
    await show(<HistoryList />);
    await see(/^as Ada, run by the guild, at/);
    await seeFact('Started', '22 Nov 2026, 10:00');
    await seeFact('Rounds you took part in', '2 of 3');
    await seeFact('Perplexity: base → yours', '160 → 92.4');
    await seeFact('Stored here', '3.4 MB');
    await page.getByText('What you agreed to').click();
    await see('I understand.', 'You don’t share how well the model does on your text.');
    await expectAccessible();
  });

  it('shows what was only begun, and what cannot be read', async () => {
    playHistory([begun, unreadable]);
    await show(<HistoryList />);
    await expect.element(cards().nth(0)).toHaveTextContent(/millersNot startedYou began to join but didn’t start/);
    await expect.element(cards().nth(1)).toHaveTextContent(/oldCan’t be read/);
    await expectAccessible();
  });

  it('asks before it deletes, and can undo that', async () => {
    const { deleteFromHistory, undoDeletion } = playHistory([session, begun]);
    await show(<HistoryList />);
    await button('Delete Bakers').click();
    await expect.element(button('Keep it')).toHaveFocus();
    await expectAccessible();
    await userEvent.keyboard('{Enter}');
    await expect.element(question()).not.toBeInTheDocument();
    expect(deleteFromHistory).not.toHaveBeenCalled();
    await button('Delete Bakers').click();
    await button('Delete it').click();
    await see('Bakers is deleted. Until you leave this page, you can undo that.');
    await expect.poll(() => cards().elements().length).toBe(1);
    await expectAccessible();
    await button('Undo').click();
    await expect.poll(() => cards().elements().length).toBe(2);
    expect(undoDeletion).toHaveBeenCalledWith('bakers/');
    await seeNot('is deleted');
  });

  it('says where there was no room to undo it', async () => {
    playHistory([session], false);
    await show(<HistoryList />);
    await button('Delete Bakers').click();
    await button('Delete it').click();
    await see('Bakers is deleted. There was no room in this browser to keep it for an undo.');
    await expect.element(button('Undo')).not.toBeInTheDocument();
  });

  it('says why it could not delete', async () => {
    playHistory([session]);
    playWorker({ deleteFromHistory: async () => refused('other-tab', 'Another tab is at work with it.') });
    await show(<HistoryList />);
    await button('Delete Bakers').click();
    await button('Delete it').click();
    await seeFailure('That didn’t work', 'Another tab is at work with it.', 'other-tab');
    await expect.element(cards()).toBeVisible();
  });

  it('lets a deletion go for good when the page is left', async () => {
    playHistory([session]);
    const emptyTrash = vi.fn(async () => done(null));
    playWorker({ emptyTrash });
    const { unmount } = await show(<HistoryList />);
    await see('Finished');
    await unmount();
    await expect.poll(() => emptyTrash.mock.calls.length).toBe(1);
  });
});

describe('DeleteAll', () => {
  const start = async () => {
    await show(<HistoryList />);
    await button('Delete everything…').click();
    await expect.element(field('Confirmation')).toHaveFocus();
  };

  it('deletes when the word is typed, and says what went', async () => {
    const deleting = later<Outcome<Deleted>>();
    playHistory([session]);
    playWorker({ deleteEverything: () => deleting.answer });
    await start();
    await expect.element(button('Delete everything')).toBeDisabled();
    await expectAccessible();
    await userEvent.keyboard('delet{Enter}');
    await expect.element(dialog('Delete everything from this site?')).toBeVisible();
    await userEvent.keyboard('e{Enter}');
    await expect.element(page.getByRole('button', { name: 'Delete everything…' })).toHaveAttribute('data-loading');
    deleting.give(done({ seats: 1, models: 2, bytes: 3_400_000 }));
    await see('Everything was deleted', '1 federation, with key, text, mask, model and ledger');
    await see('2 downloaded models, and files written for exports', 'about 3.4 MB in total');
    await expectAccessible();
  });

  it('keeps everything where somebody changes their mind', async () => {
    const deleteEverything = vi.fn(async () => done({ seats: 0, models: 0, bytes: null }));
    playHistory([]);
    playWorker({ deleteEverything });
    await start();
    await button('Keep everything').click();
    await expect.element(dialog('Delete everything from this site?')).not.toBeInTheDocument();
    expect(deleteEverything).not.toHaveBeenCalled();
  });

  it('says why it could not', async () => {
    playHistory([]);
    playWorker({ deleteEverything: async () => refused('other-tab', 'Another tab is at work.') });
    await start();
    await userEvent.keyboard('delete{Enter}');
    await seeFailure('Could not delete everything', 'Another tab is at work.');
    await expect.element(button('Delete everything…')).toBeEnabled();
  });
});
