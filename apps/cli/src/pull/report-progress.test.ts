import { describe, expect, it } from 'vitest';
import { reportProgress } from './report-progress.ts';

describe('reportProgress', () => {
  it('says bytes, rate and time left, and counts what was there already for neither rate', () => {
    const lines: string[] = [];
    let time = 0;
    const progress = reportProgress(
      (line) => lines.push(line),
      () => time,
    );
    progress.begin(250e6);
    progress.file('model.safetensors');
    progress.kept(50e6);
    time = 1_000;
    progress.fetched(10e6);
    time = 4_000;
    progress.fetched(30e6);
    progress.fetched(1);
    expect(lines).toEqual([
      '250 MB in all',
      'model.safetensors: going on after 50.0 MB',
      'model.safetensors: 90.0 of 250 MB, 10.0 MB/s, about 16 s left',
    ]);
    progress.restarted(90e6);
    time = 8_000;
    progress.fetched(40e6);
    expect(lines.slice(3)).toEqual([
      'model.safetensors: what was there is damaged, it comes again',
      'model.safetensors: 40.0 of 250 MB, 10.0 MB/s, about 21 s left',
    ]);
  });
});
