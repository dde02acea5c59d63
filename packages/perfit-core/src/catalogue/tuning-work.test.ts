import { describe, expect, it } from 'vitest';
import { parameterCount } from '../model/config.ts';
import { CATALOGUE } from './catalogue.ts';
import { workPerToken } from './tuning-work.ts';

describe('workPerToken', () => {
  it.each(CATALOGUE)('$name: close to two operations a parameter forward, and four to tune', ({ config }) => {
    const parameters = parameterCount(config);
    const { forward, step } = workPerToken(config, { adapterSize: 0, length: 1, checkpointing: false });
    expect(forward / (2 * parameters)).toBeGreaterThan(0.9);
    // An embedding of its own is looked up, not multiplied.
    expect(forward / (2 * parameters)).toBeLessThan(1.001);
    expect(step / forward).toBeCloseTo(2, 2);
  });

  it('counts the adapter thrice, attention by the length, and what is computed again', () => {
    const config = CATALOGUE[0]?.config as (typeof CATALOGUE)[0]['config'];
    const plain = workPerToken(config, { adapterSize: 0, length: 128, checkpointing: false });
    const adapted = workPerToken(config, { adapterSize: 1000, length: 128, checkpointing: false });
    expect(adapted.step - plain.step).toBe(6000);
    expect(adapted.forward - plain.forward).toBe(2000);
    const longer = workPerToken(config, { adapterSize: 0, length: 256, checkpointing: false });
    // 30 layers, 9 heads of 64.
    expect(longer.forward - plain.forward).toBe(4 * 30 * 576 * 128);
    const again = workPerToken(config, { adapterSize: 0, length: 128, checkpointing: true });
    expect(again.step - plain.step).toBe(plain.forward - 2 * 576 * 49_152);
  });
});
