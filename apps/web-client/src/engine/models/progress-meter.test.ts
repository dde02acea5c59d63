import { describe, expect, it } from 'vitest';
import { loadingModel } from '#strings/activity.ts';
import { ProgressMeter } from './progress-meter.ts';

describe('ProgressMeter', () => {
  it('tells the rate of the last seconds and the time that is left at it', () => {
    let now = 0;
    const meter = new ProgressMeter(() => now);
    expect(meter.at(0, 1000)).toMatchObject({ bytesPerSecond: null, secondsLeft: null });
    now = 1000;
    expect(meter.at(100, 1000)).toMatchObject({ bytesPerSecond: 100, secondsLeft: 9 });
    for (now = 2000; now <= 12_000; now += 1000) meter.at(100 + (now - 1000) / 100, 1000);
    now = 12_500;
    const { bytesPerSecond } = meter.at(215, 1000);
    expect(bytesPerSecond).toBeCloseTo(10, 0);
  });

  it('counts as fetched no more than what has been loaded', () => {
    const meter = new ProgressMeter(() => 0);
    meter.addFetched(500);
    expect(meter.at(200, 1000).fetched).toBe(200);
  });
});

describe('loadingModel', () => {
  const load = { bytes: 120e6, total: 269e6, fetched: 120e6, bytesPerSecond: 14e6, secondsLeft: 10.6 };

  it('says how much, how fast and how long', () => {
    expect(loadingModel(load)).toBe('Downloading the model: 120 MB of 269 MB, 14 MB/s, 11 s left');
    expect(loadingModel({ ...load, bytesPerSecond: null, secondsLeft: null })).toBe(
      'Downloading the model: 120 MB of 269 MB',
    );
  });

  it('says that nothing is fetched where it is not', () => {
    expect(loadingModel({ ...load, fetched: 4e6 })).toMatch(/^Loading the model saved in this browser: 120 MB/);
  });
});
