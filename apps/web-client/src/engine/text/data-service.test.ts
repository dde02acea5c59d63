import { readFileSync } from 'node:fs';
import { httpSource, loadTokenizer } from '@perfit/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { LocalFile } from '../../contract/data-api.ts';
import { DataService } from './data-service.ts';
import { filesToKeep, prepareExamples } from './local-data.ts';

const split = { heldOut: 0.2, validation: 0.1, seed: 1 };
const model = new URL('../../../../../models/perfit-nano/', import.meta.url);

const file = (name: string, records: readonly unknown[]): LocalFile => ({
  name,
  content: new Blob([records.map((record) => JSON.stringify(record)).join('\n')]),
});
const rows = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ instruction: `Question ${i}?`, response: `Answer ${i}.` }));

/** The coordinator's model folder. */
function serveModel(): void {
  vi.stubGlobal('location', { origin: 'http://coordinator.test' });
  vi.stubGlobal('fetch', async (url: string) => {
    const name = String(url).split('/').at(-1) as string;
    try {
      return new Response(readFileSync(new URL(name, model)));
    } catch {
      return new Response(null, { status: 404 });
    }
  });
}

afterEach(() => vi.unstubAllGlobals());

describe('the text that a person looks at', () => {
  it('is shown by pages, every row on one side, and none of an earlier text', async () => {
    const desk = new DataService();
    const report = await desk.read([file('a.jsonl', rows(30)), file('b.jsonl', rows(3))], split);
    expect(report).toMatchObject({ failure: null, duplicates: 3 });
    expect(report.examples).toEqual({ training: 22, validation: 2, heldOut: 6 });
    const pages = [0, 12, 24].map((from) => desk.page({ report: report.id, show: 'all', from, count: 12 }));
    expect(pages.map((page) => [page.total, page.rows.length])).toEqual([
      [30, 12],
      [30, 12],
      [30, 6],
    ]);
    const sides = pages.flatMap((page) => page.rows.map((row) => row.split));
    expect(sides.filter((side) => side === 'held-out')).toHaveLength(6);
    const heldOut = desk.page({ report: report.id, show: 'held-out', from: 0, count: 12 });
    expect(heldOut).toMatchObject({ total: 6 });
    expect(heldOut.rows.every((row) => row.split === 'held-out')).toBe(true);
    const later = await desk.read([file('a.jsonl', rows(9))], split);
    expect(desk.page({ report: report.id, show: 'all', from: 0, count: 4 })).toEqual({ rows: [], total: 0 });
    expect(desk.page({ report: later.id, show: 'all', from: 0, count: 4 }).total).toBe(9);
  });

  it('says why it cannot be tuned on, and shows what there is', async () => {
    const desk = new DataService();
    const report = await desk.read([file('few.jsonl', rows(3))], split);
    expect(report.failure).toMatchObject({ code: 'data-too-few' });
    expect(desk.page({ report: report.id, show: 'all', from: 0, count: 8 }).rows).toHaveLength(3);
  });

  it('is read without a file that is there no more, and then not kept without it', async () => {
    const gone = new Blob(['x']);
    gone.arrayBuffer = () => Promise.reject(new DOMException('It is gone.', 'NotFoundError'));
    const files = [file('a.jsonl', rows(9)), { name: 'b.txt', content: gone }];
    const report = await new DataService().read(files, split);
    expect(report.failure).toBeNull();
    expect(report.files[1]?.failure).toMatchObject({
      code: 'data-unreadable',
      message: expect.stringContaining('gone'),
    });
    await expect(filesToKeep(files)).rejects.toMatchObject({ code: 'data-unreadable' });
  });

  it('is counted in the tokens of the model, with what T cuts off', async () => {
    serveModel();
    const desk = new DataService();
    const long = { instruction: 'Tell all.', response: 'There is much to tell. '.repeat(60) };
    const report = await desk.read([file('a.jsonl', [...rows(10), long])], split);
    expect(desk.page({ report: report.id, show: 'all', from: 0, count: 1 }).rows[0]?.length).toBeNull();
    const progress: number[] = [];
    const counted = await desk.countTokens(
      { report: report.id, modelPath: '/models/perfit-nano/', maxLength: 64 },
      (done) => progress.push(done),
    );
    expect(progress[0]).toBe(0);
    const { rows: shown } = desk.page({ report: report.id, show: 'all', from: 0, count: 20 });
    const lengths = shown.map((row) => row.length ?? { tokens: 0, cut: 0 });
    expect(counted).toMatchObject({
      maxLength: 64,
      tokens: lengths.reduce((sum, { tokens }) => sum + tokens, 0),
      longest: lengths.at(-1)?.tokens,
      cut: { examples: 1, tokens: (lengths.at(-1)?.tokens ?? 0) - 64 },
      dropped: 0,
    });
    expect(desk.page({ report: report.id, show: 'cut', from: 0, count: 20 })).toMatchObject({ total: 1 });
    // The embedded model reads 256 tokens at most.
    const whole = await desk.countTokens(
      { report: report.id, modelPath: '/models/perfit-nano/', maxLength: 4096 },
      () => {},
    );
    expect(whole?.maxLength).toBe(256);
  });

  it('is used in part, the same rows spread over it each time, and as the tuner will read them', async () => {
    serveModel();
    const desk = new DataService();
    const files = [file('a.jsonl', rows(300)), file('b.jsonl', rows(500).slice(300))];
    const some = { ...split, most: 50 };
    const report = await desk.read(files, some);
    expect(report).toMatchObject({ offered: 500, failure: null });
    expect(report.examples).toEqual({ training: 36, validation: 4, heldOut: 10 });
    const { rows: shown } = desk.page({ report: report.id, show: 'all', from: 0, count: 100 });
    const places = shown.map(({ prompt }) => Number(/\d+/.exec(prompt)?.[0]));
    // One out of every ten.
    expect(places.map((place) => Math.floor(place / 10))).toEqual(places.map((_, i) => i));
    expect(new Set(places.map((place) => place % 10)).size).toBeGreaterThan(5);
    expect(shown.map((row) => row.file)).toEqual(shown.map((_, i) => (i < 30 ? 'a.jsonl' : 'b.jsonl')));

    const tokenizer = await loadTokenizer(httpSource('http://coordinator.test/models/perfit-nano/'));
    const dataset = { files: await filesToKeep(files), most: 50 };
    const { training, heldOut } = prepareExamples(dataset, tokenizer, { ...split, maxLength: 64 });
    // What chooses the best round is taken from these later.
    expect([training.length, heldOut.length]).toEqual([40, 10]);
    const answers = heldOut.map(({ ids }) => tokenizer.decode([...ids]));
    const held = shown.filter((row) => row.split === 'held-out').map(({ response }) => response);
    expect(held.every((response) => answers.some((answer) => answer.includes(response)))).toBe(true);
    expect((await desk.read(files, { ...split, most: 900 })).examples).toMatchObject({ heldOut: 100 });
  });

  it('stops counting where another text is read meanwhile', async () => {
    serveModel();
    const desk = new DataService();
    const first = await desk.read([file('a.jsonl', rows(9))], split);
    const counting = desk.countTokens({ report: first.id, modelPath: '/models/perfit-nano/', maxLength: 64 }, () => {});
    await desk.read([file('b.jsonl', rows(9))], split);
    expect(await counting).toBeNull();
  });
});
