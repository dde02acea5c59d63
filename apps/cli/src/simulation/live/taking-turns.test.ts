import { describe, expect, it } from 'vitest';
import { Turnstile } from './taking-turns.ts';

describe('a turnstile', () => {
  it('lets one through at a time, in the order of coming', async () => {
    const turnstile = new Turnstile();
    const log: string[] = [];
    const walk = async (name: string) => {
      const leave = await turnstile.enter();
      log.push(`${name} in`);
      await new Promise((done) => setImmediate(done));
      log.push(`${name} out`);
      leave();
    };
    await Promise.all(['a', 'b', 'c'].map(walk));
    expect(log).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
  });

  it('forgets who stops waiting, and lets nobody through before their turn for that', async () => {
    const turnstile = new Turnstile();
    const leave = await turnstile.enter();
    const stopping = new AbortController();
    const impatient = turnstile.enter(stopping.signal);
    const patient = turnstile.enter();
    stopping.abort(new Error('enough'));
    await expect(impatient).rejects.toThrow('enough');
    let isThrough = false;
    const through = patient.then(() => {
      isThrough = true;
    });
    await new Promise((done) => setImmediate(done));
    expect(isThrough).toBe(false);
    leave();
    await through;
  });
});
