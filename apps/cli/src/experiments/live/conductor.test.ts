import { type Fault, Faults } from '@perfit/federation';
import { describe, expect, it } from 'vitest';
import { Conductor } from './conductor.ts';

const CLIENTS = ['Ada', 'Bo', 'Cy'];
const never = new AbortController().signal;

function conducted(faults: readonly Fault[], goal = 3) {
  const passed: number[] = [];
  const conductor = new Conductor({
    clients: CLIENTS,
    goal,
    faults: new Faults(faults),
    passDeadline: () => passed.push(passed.length + 1),
  });
  const offer = (round: number, attempt = 1, clients = CLIENTS) =>
    clients.filter((client) => conductor.offered(client, { round, attempt }));
  return { conductor, offer, deadlines: () => passed.length };
}

/** Whether it is settled by now. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let is = false;
  void promise.then(() => {
    is = true;
  });
  await new Promise((done) => setImmediate(done));
  return is;
}

describe('the conductor of a live federation', () => {
  it('lets no deadline pass where everybody submits', () => {
    const { conductor, offer, deadlines } = conducted([]);
    for (const round of [1, 2]) {
      expect(offer(round)).toEqual(CLIENTS);
      for (const client of CLIENTS) conductor.submitted(client, round);
      conductor.closed({ round, attempt: 1 });
    }
    for (const client of CLIENTS) conductor.gone(client);
    expect(deadlines()).toBe(0);
  });

  it('[RD4] keeps a client away until the deadline, which passes when the others have submitted', async () => {
    const { conductor, offer, deadlines } = conducted([{ client: 'Bo', round: 1, kind: 'dropout' }]);
    expect(offer(1)).toEqual(['Ada', 'Cy']);
    const back = conductor.attemptOver('Bo', never);
    conductor.submitted('Ada', 1);
    expect([deadlines(), await isSettled(back)]).toEqual([0, false]);
    conductor.submitted('Cy', 1);
    expect([deadlines(), await isSettled(back)]).toEqual([1, true]);
    conductor.closed({ round: 1, attempt: 1 });
    expect(offer(2)).toEqual(CLIENTS);
    expect(deadlines()).toBe(1);
  });

  it('[RD2] lets a round close by itself at its goal, and no deadline of the next one pass', async () => {
    const { conductor, offer, deadlines } = conducted([{ client: 'Bo', round: 1, kind: 'straggler' }], 2);
    offer(1);
    expect(conductor.isLate('Bo', { round: 1, attempt: 1 })).toBe(true);
    const late = conductor.attemptOver('Bo', never);
    for (const client of ['Ada', 'Cy']) conductor.submitted(client, 1);
    expect([deadlines(), await isSettled(late)]).toEqual([0, false]);
    conductor.closed({ round: 1, attempt: 1 });
    expect([deadlines(), await isSettled(late)]).toEqual([0, true]);
    // Its refusal is about a round that is over.
    offer(2, 1, ['Ada', 'Cy']);
    conductor.gaveUp('Bo', 1);
    for (const client of ['Ada', 'Cy']) conductor.submitted(client, 2);
    expect(deadlines()).toBe(0);
  });

  it('[RD2] [UP5] strikes in the first attempt alone: a repeat takes the late and who comes back', async () => {
    const { conductor, offer, deadlines } = conducted([
      { client: 'Ada', round: 1, kind: 'straggler' },
      { client: 'Bo', round: 1, kind: 'dropout' },
    ]);
    expect(offer(1)).toEqual(['Ada', 'Cy']);
    conductor.submitted('Cy', 1);
    expect(conductor.isLate('Ada', { round: 1, attempt: 1 })).toBe(true);
    expect(deadlines()).toBe(1);
    await conductor.attemptOver('Ada', never);
    await conductor.attemptOver('Bo', never);
    expect(offer(1, 2, ['Ada', 'Bo'])).toEqual(['Ada', 'Bo']);
    conductor.submitted('Ada', 1);
    expect(deadlines()).toBe(1);
    expect(conductor.isLate('Bo', { round: 1, attempt: 2 })).toBe(false);
    conductor.submitted('Bo', 1);
    expect(deadlines()).toBe(1);
  });

  it('[RD2] lets one deadline pass an attempt for a client that cannot do its part', () => {
    const { conductor, offer, deadlines } = conducted([]);
    offer(1);
    conductor.gaveUp('Bo', 1);
    for (const client of ['Ada', 'Cy']) conductor.submitted(client, 1);
    expect(deadlines()).toBe(1);
    offer(1, 2, ['Bo']);
    expect(deadlines()).toBe(2);
    offer(2);
    expect(deadlines()).toBe(2);
  });

  it('lets the deadline pass where everybody drops out, and interrupts who waits', async () => {
    const everybody = CLIENTS.map((client): Fault => ({ client, round: 1, kind: 'dropout' }));
    const { conductor, offer, deadlines } = conducted(everybody);
    expect(offer(1)).toEqual([]);
    expect(deadlines()).toBe(1);
    await conductor.attemptOver('Ada', never);

    const alone = conducted([{ client: 'Ada', round: 1, kind: 'dropout' }]);
    alone.offer(1);
    const stopping = new AbortController();
    const waiting = alone.conductor.attemptOver('Ada', stopping.signal);
    stopping.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
  });
});
