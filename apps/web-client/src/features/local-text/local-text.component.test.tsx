import type { ComponentProps } from 'react';
import { describe, expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { done, playWorker, refused } from '../../../test/play-worker.ts';
import { button, expectAccessible, field, see, seeFact, seeFailure, seeNot, show } from '../../../test/stage.tsx';
import { later } from '../../../test/when.ts';
import type { DataApi, DataFileReport, DataReport, DataRow, TokenReport } from '../../contract/data-api.ts';
import type { Outcome } from '../../contract/outcome.ts';
import { LocalText } from './local-text.tsx';

const file: DataFileReport = {
  name: 'letters.jsonl',
  bytes: 12_400,
  format: 'JSONL',
  examples: 100,
  duplicates: 0,
  problems: [],
  skipped: 0,
  columns: [],
  roles: { instruction: null, context: null, response: null, text: null },
  failure: null,
};
const report: DataReport = {
  id: 1,
  files: [file],
  examples: { training: 72, validation: 8, heldOut: 20 },
  offered: 100,
  duplicates: 0,
  failure: null,
};
const counted: TokenReport = {
  maxLength: 128,
  tokens: 6_400,
  responseTokens: 4_100,
  longest: 120,
  cut: { examples: 0, tokens: 0 },
  dropped: 0,
  droppedReason: null,
};
const row: DataRow = {
  prompt: 'When do you open?',
  response: 'At seven.',
  responses: 1,
  file: file.name,
  split: 'training',
  length: { tokens: 12, cut: 0 },
};

const props: ComponentProps<typeof LocalText> = {
  step: 2,
  split: { heldOut: 0.2, validation: 0.1, seed: 1 },
  reader: { modelPath: '/models/perfit-nano/', maxLength: 128 },
  onChange: () => {},
  onTokens: () => {},
  roundSeconds: 20,
  deadlineSeconds: 600,
};

/** A worker that finds this in whatever it is given. */
function playText(found: DataReport, tokens: Outcome<TokenReport> = done(counted)) {
  const readData = vi.fn<DataApi['readData']>(async () => done(found));
  playWorker({
    readData,
    countTokens: async () => tokens,
    dataPage: async ({ show: which }) =>
      done(which === 'all' ? { rows: [row], total: 20 } : { rows: [], total: which === 'cut' ? 0 : 3 }),
  });
  return readData;
}

const give = (name = 'letters.jsonl') => page.getByTestId('dataset-file').upload(new File(['{}'], name));

describe('LocalText', () => {
  it('begins with ways to give a text, and samples for who has none', async () => {
    await show(<LocalText {...props} />);
    await see('Drop files or a whole folder here, or choose them', 'No text handy? Try a sample');
    await expect.element(button('Choose files')).toBeEnabled();
    await expect.element(button('Choose a folder')).toBeEnabled();
    expect(page.getByRole('button', { name: 'Use the sample' }).elements()).toHaveLength(4);
    await expectAccessible();
  });

  it('reads, counts, and shows what it found', async () => {
    const [reading, counting] = [later<Outcome<DataReport>>(), later<Outcome<TokenReport>>()];
    playText(report);
    playWorker({
      readData: () => reading.answer,
      countTokens: async (_, onProgress) => {
        onProgress(40);
        return counting.answer;
      },
    });
    const [onChange, onTokens] = [vi.fn(), vi.fn()];
    await show(<LocalText {...props} onChange={onChange} onTokens={onTokens} />);
    await give();
    await expect.element(page.getByLabelText('Reading your text')).toBeVisible();
    reading.give(done(report));
    await see('Counting tokens: 40 of 100');
    await seeFact('Tokens', '…');
    await expectAccessible();
    counting.give(done(counted));
    await seeFact('Tokens', /^\s*6,400/);
    await seeFact('For training', /^\s*72\s+examples, plus 8 to choose the best round/);
    await seeFact('Held out', /^\s*20/);
    await see('every example fits in 128 tokens', '1 of 1 can be used');
    await seeNot('Counting tokens');
    expect(onChange.mock.lastCall?.[0]).toMatchObject({ name: 'letters.jsonl', report: { id: 1 } });
    expect(onTokens).toHaveBeenLastCalledWith(counted);
    await expectAccessible();
  });

  it('takes a sample with one press of a key, and offers the others afterwards', async () => {
    const readData = playText(report);
    await show(<LocalText {...props} />);
    page
      .getByRole('button', { name: /^Use the sample Bakery/ })
      .element()
      .focus();
    await userEvent.keyboard('{Enter}');
    await see('1 of 1 can be used');
    expect(readData.mock.calls[0]?.[0][0]?.name).toBe('bakers-shop.jsonl');
    await seeNot('No text handy? Try a sample');
    await button('Use a sample instead').click();
    await see('No text handy? Try a sample');
  });

  it('takes what is pasted, by what it looks like', async () => {
    const readData = playText(report);
    await show(<LocalText {...props} />);
    await page.getByRole('tab', { name: 'Paste text' }).click();
    await expect.element(button('Use this text')).toBeDisabled();
    await field('Your text').fill('[{"instruction":"a","response":"b"}]');
    await expectAccessible();
    await button('Use this text').click();
    await see('1 of 1 can be used');
    expect(readData.mock.calls[0]?.[0][0]?.name).toBe('pasted.json');
  });

  it('says why it cannot read a text at all', async () => {
    playWorker({ readData: async () => refused('data-unreadable', 'The file cannot be read.') });
    const onChange = vi.fn();
    await show(<LocalText {...props} onChange={onChange} />);
    await give();
    await seeFailure('This text can’t be used as it is', 'The file cannot be read.', 'data-unreadable');
    expect(onChange).toHaveBeenLastCalledWith(null);
    await expectAccessible();
  });

  it('lets a person say what is in columns that it cannot tell', async () => {
    const failure = { code: 'data-columns', message: 'No column is called instruction.' } as const;
    const columns = [
      { name: 'q', samples: ['When do you open?'] },
      { name: 'a', samples: ['At seven.'] },
      { name: 'empty', samples: [] },
    ] as unknown as DataFileReport['columns'];
    const unread = { ...file, name: 'table.csv', examples: 0, columns, failure };
    const none = { training: 0, validation: 0, heldOut: 0 };
    const readData = vi.fn<DataApi['readData']>(async ([given]) => {
      const roles = { ...unread.roles, ...given?.columns };
      return done({ ...report, files: [{ ...unread, roles }], examples: none, offered: 0, failure });
    });
    playWorker({ readData });
    await show(<LocalText {...props} />);
    await give('table.csv');
    await seeFailure('This text can’t be used as it is', 'Match your columns below');
    const group = page.getByRole('group', { name: 'Columns of table.csv' });
    await group.getByRole('combobox', { name: 'Instruction' }).selectOptions('q');
    await expect.poll(() => readData.mock.lastCall?.[0][0]?.columns).toMatchObject({ instruction: 'q', text: null });
    await expect.element(group.getByRole('combobox', { name: 'Instruction' })).toHaveValue('q');
    await expect.element(group.getByRole('listitem')).toHaveTextContent('When do you open?');
    await expectAccessible();
  });

  it('names each row that it left out, and each file that gave nothing', async () => {
    const files = [
      { ...file, duplicates: 1, skipped: 3, problems: [{ line: 4, code: 'data-row', message: 'It has no response.' }] },
      { ...file, name: 'photo.txt', examples: 0, failure: { code: 'data-empty', message: 'It is empty.' } as const },
    ];
    const readData = playText({ ...report, files, duplicates: 1 });
    await show(<LocalText {...props} />);
    await give();
    await see('1 of 2 can be used', '100 examples · 1 duplicate · 3 rows skipped', 'Line 4: It has no response.');
    await see('and 2 more', 'It is empty.', '1 duplicates count only once.');
    await expectAccessible();
    await button('Remove photo.txt').click();
    await expect.poll(() => readData.mock.calls.length).toBe(2);
  });

  it('shows eight of many files until it is asked for all', async () => {
    const files = Array.from({ length: 12 }, (_, i) => ({ ...file, name: `${i}.txt` }));
    playText({ ...report, files });
    await show(<LocalText {...props} />);
    await give();
    const list = page.getByRole('list', { name: 'Files' });
    await expect.poll(() => list.getByRole('listitem').elements().length).toBe(8);
    await button('Show all 12 files').click();
    await expect.poll(() => list.getByRole('listitem').elements().length).toBe(12);
  });

  it('warns of a very small text', async () => {
    playText({ ...report, examples: { training: 8, validation: 1, heldOut: 2 }, offered: 11 });
    await show(<LocalText {...props} />);
    await give();
    await see('Not much text', /^11 examples are enough to see how it works/);
    await expectAccessible();
  });

  it('offers a part of a very large text, and then all of it again', async () => {
    const readData = playText({
      ...report,
      examples: { training: 2500, validation: 200, heldOut: 300 },
      offered: 3000,
    });
    const { change } = await show(<LocalText {...props} roundSeconds={1200} />);
    await give();
    await see('That’s a lot of text', /longer than a round waits \(10 minutes\)/);
    await expectAccessible();
    playText({ ...report, id: 2, offered: 3000 });
    await button('Use 500 of them').click();
    await see('100 of 3,000 examples are used');
    expect(readData).toHaveBeenCalledOnce();
    await change(<LocalText {...props} roundSeconds={20} />);
    await expect.element(button('Use all')).toBeEnabled();
  });

  it('says what is cut off, and what teaches nothing', async () => {
    const cut = { examples: 4, tokens: 210 };
    playText(report, done({ ...counted, cut, dropped: 2, droppedReason: 'Their questions fill all of it.' }));
    await show(<LocalText {...props} />);
    await give();
    await see('longer than 128 tokens; 210 tokens aren’t read');
    await see('2 examples teach this model nothing and will be skipped.', 'Their questions fill all of it.');
    await expectAccessible();
  });

  it('goes on without a count where there is none', async () => {
    playText(report, refused('tokenizer-missing-file', 'There is no tokenizer.json.'));
    await show(<LocalText {...props} />);
    await give();
    await see('Could not count the tokens', 'There is no tokenizer.json.');
    await seeFact('Tokens', '–');
  });

  it('shows the examples by what they are used for, a page at a time', async () => {
    playText(report);
    await show(<LocalText {...props} />);
    await give();
    await page.getByText('Look at your examples').click();
    const table = page.getByRole('table', { name: 'Your examples as the model will learn from them' });
    await expect.element(table.getByRole('row', { name: /When do you open\? At seven\. 12 train/ })).toBeVisible();
    await see('1 to 8 of 20');
    await button('next').click();
    await see('9 to 16 of 20');
    await page.getByRole('radiogroup', { name: 'Which examples to show' }).getByText('Cut off').click();
    await see('Nothing is cut off.');
    await expectAccessible();
  });
});
