import { describe, expect, it } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { done, playWorker, refused } from '../../../test/play-worker.ts';
import { at } from '../../../test/samples.ts';
import { button, dialog, expectAccessible, see, seeFact, seeFailure, show } from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import type { LedgerEntry, TransferReport } from '../../contract/ledger-api.ts';
import type { Outcome } from '../../contract/outcome.ts';
import { Ledger } from './ledger.tsx';

const seat = { federation: 'bakers', as: '' };
const hash = 'ab'.repeat(32);
const entry = (id: number, changes: Partial<LedgerEntry> = {}): LedgerEntry => ({
  id,
  at: at + 1000 * id,
  direction: 'up',
  kind: 'progress',
  bytes: 100,
  sha256: hash,
  textBytes: 100,
  round: 1,
  transfer: null,
  ...changes,
});
const delta = [0, 1].map((i) =>
  entry(10 + i, {
    kind: 'chunk',
    bytes: 1_000,
    transfer: { of: 10, what: 'delta', sha256: hash, total: 2_000, offset: 1_000 * i },
  }),
);
const few = [
  entry(1, { kind: 'hello', round: null }),
  entry(2, { kind: 'hello', direction: 'down', round: null, bytes: 220 }),
  entry(3, {
    kind: 'fetch',
    direction: 'down',
    bytes: 3_200_000,
    round: null,
    name: '/models/perfit-nano/config.json',
  }),
  ...delta,
];
const ledger = (entries: readonly LedgerEntry[]) => <Ledger seat={seat} entries={entries} />;
const line = (name: RegExp) => page.getByRole('button', { name });
const lines = () => page.getByTestId('ledger').getByRole('button').elements().length;

describe('Ledger', () => {
  it('says that nothing has been sent yet', async () => {
    await show(ledger([]));
    await see('Nothing has been sent or received yet.', '0 messages sent, 0 B; 0 received, 0 B.');
    await expect.element(button('Save list')).toBeDisabled();
    await expect.element(button('Check hashes')).toBeDisabled();
    await expectAccessible();
  });

  it('lists every message, the latest first, an upload as one line', async () => {
    await show(ledger(few));
    await see('3 messages sent, 2.1 kB; 1 received, 220 B. The model’s files took another 3.2 MB.');
    const rows = page.getByTestId('ledger').getByRole('row');
    await expect.element(rows.nth(1)).toHaveTextContent(/10:00:10↑Your changes · 2 chunkssent12,000abababababab/);
    await expect.element(rows.nth(3)).toHaveTextContent(/Answer to “Hello”received/);
    await expect.element(rows.nth(4)).toHaveTextContent(/Hellosent/);
    await see('1–4 of 4');
    await expectAccessible();
  });

  it('can be narrowed down by direction and type', async () => {
    await show(ledger(few));
    await button('Received').click();
    await expect.element(button('Received')).toHaveAttribute('aria-pressed', 'true');
    await expect.poll(lines).toBe(2);
    await page.getByRole('combobox', { name: 'Message type' }).click();
    await page.getByRole('option', { name: 'Your changes' }).click();
    await see('No messages of this type.', '0 of 0');
    await expectAccessible();
    await button('Both').click();
    await expect.poll(lines).toBe(1);
    await page.getByRole('combobox', { name: 'Message type' }).click();
    await page.getByRole('option', { name: 'Your changes' }).click();
    await expect.poll(lines).toBe(4);
  });

  it('has pages, and does not move whoever reads an older one', async () => {
    const many = Array.from({ length: 30 }, (_, i) => entry(i + 1));
    const { change } = await show(ledger(many));
    await see('1–10 of 30');
    await expect.element(button('Newer')).toBeDisabled();
    await button('Older').click();
    await see('11–20 of 30');
    await change(ledger([...many, entry(31), entry(32)]));
    await see('11–20 of 30');
    await button('2 newer').click();
    await see('1–10 of 32');
  });

  it('sums up by type and round for whoever opens it', async () => {
    await show(ledger(few));
    await page.getByText('Totals by type and round').click();
    await expect
      .element(page.getByRole('table', { name: 'By type' }).getByRole('row', { name: 'Your changes 2 2.0 kB 0 B' }))
      .toBeVisible();
    await expect
      .element(page.getByRole('table', { name: 'By round' }).getByRole('row', { name: /^before round 1/ }))
      .toBeVisible();
    await expectAccessible();
  });
});

describe('MessageDetail', () => {
  const open = async (entries: readonly LedgerEntry[], name: RegExp) => {
    await show(ledger(entries));
    line(name).element().focus();
    await userEvent.keyboard('{Enter}');
  };
  const contentOf = (text: string) => done({ bytes: new TextEncoder().encode(text) });

  it('shows a message as it went, opened and closed by keys', async () => {
    const reading = later<Outcome<{ bytes: Uint8Array<ArrayBuffer> | null }>>();
    playWorker({ ledgerContent: () => reading.answer });
    await open([entry(1, { kind: 'hello', round: null, textBytes: 9 })], /^Hello/);
    await expect.element(dialog('Hello')).toHaveTextContent('The request to join');
    await expect.element(dialog('Hello').getByRole('row', { name: 'SHA-256' })).toHaveTextContent(hash);
    reading.give(contentOf('{"as":1}x'));
    await see('{"as":1}x');
    await expect.element(button('Save as text')).toBeVisible();
    await expectAccessible();
    await userEvent.keyboard('{Escape}');
    await expect.element(dialog('Hello')).not.toBeInTheDocument();
    await expect.element(line(/^Hello/)).toHaveFocus();
  });

  it('says that the rest is binary', async () => {
    playWorker({ ledgerContent: async () => contentOf('{"a":1}…') });
    await open([entry(1, { kind: 'chunk', textBytes: 7 })], /^Upload chunk/);
    await see(/"a": 1/, 'The rest is binary. Save the bytes to get all of it.');
    await expect.element(button('Save bytes')).toBeVisible();
  });

  it.each([
    [{}, /^Progress/, /^These bytes are no longer kept on this device/],
    [{ kind: 'fetch', direction: 'down' }, /^Model file/, /^Only the hash of this is recorded/],
  ] as const)('says where bytes are not kept: %o', async (changes, name, sentence) => {
    playWorker({ ledgerContent: async () => done({ bytes: null }) });
    await open([entry(1, changes)], name);
    await see(sentence);
    await expectAccessible();
  });

  it('says where it could not read', async () => {
    playWorker({ ledgerContent: async () => refused('storage-unavailable', 'This browser keeps nothing.') });
    await open([entry(1, { sha256: null })], /^Progress/);
    await seeFailure('Could not read the ledger', 'This browser keeps nothing.');
    await see('An earlier version of this page didn’t record hashes.');
  });
});

describe('TransferDetail', () => {
  const report: TransferReport = {
    what: 'delta',
    round: 1,
    bytes: new Uint8Array(8),
    sha256: hash,
    announced: hash,
    failure: null,
    view: {
      dtype: 'f16',
      count: 100,
      size: 400,
      norm: 0.42,
      largest: 0.0132,
      histogram: { from: -0.01, to: 0.01, counts: [10, 40, 40, 10] },
      modules: [
        { layer: 0, module: 'q_proj', size: 200, count: 60, norm: 0.4, largest: 0.0132 },
        { layer: 0, module: 'v_proj', size: 200, count: 40, norm: 0.1, largest: 0.004 },
      ],
    },
  };
  const open = async (told: Outcome<TransferReport>) => {
    playWorker({ ledgerTransfer: async () => told });
    await show(ledger(delta));
    await line(/^Your changes/).click();
    await expect.element(dialog('Your changes, round 1')).toBeVisible();
  };

  it('shows what an upload says', async () => {
    await open(done(report));
    await see('The bytes stored here match this hash.');
    await seeFact('Values', '100 100 of 400, 25 %');
    await seeFact('L2 norm', '0.42');
    await seeFact('Largest change', '0.0132');
    await expect
      .element(page.getByRole('img', { name: /^Histogram of 100 values from -0\.01 to 0\.01/ }))
      .toBeVisible();
    await expectAccessible();
  });

  it('says that bytes were changed after they were written down', async () => {
    await open(done({ ...report, announced: 'cd'.repeat(32) }));
    await see(/^The bytes stored here have a different hash/);
    await expectAccessible();
  });

  it('says what it no longer has', async () => {
    await open(done({ ...report, bytes: null, sha256: null, view: null }));
    await see(/^Some of its chunks were never sent or are no longer kept/);
  });

  it('says why it cannot read bytes that it has', async () => {
    const failure = { code: 'codec-truncated', message: 'It ends too early.' } as const;
    await open(done({ ...report, view: null, failure }));
    await seeFailure('Could not read these bytes', 'It ends too early.');
    await see('The bytes stored here match this hash.');
  });

  it('says that it could not look', async () => {
    await open(refused('storage-unavailable', 'This browser keeps nothing.'));
    await seeFailure('Could not read the ledger', 'This browser keeps nothing.');
  });

  it('leads down to the single message and back', async () => {
    playWorker({ ledgerContent: async () => done({ bytes: null }) });
    await open(done(report));
    await page.getByText('Messages that carried it').click();
    await line(/^Upload chunk, 10:00:11/).click();
    await see('A chunk of an upload. The answer says how much has arrived.');
    await button('Back').click();
    await see('The bytes stored here match this hash.');
  });
});
