import { describe, expect, it } from 'vitest';
import { possibleActions } from './possible-actions.ts';
import type { RoundEffect, RoundEvent } from './round-event.ts';
import { newFederation, type RoundState, type Schedule, wakeAt } from './round-state.ts';
import { statusOf } from './status.ts';
import { RESTART_GRACE_MS, step } from './step.ts';

const schedule: Schedule = {
  rounds: 2,
  goal: 3,
  minimum: 2,
  recruit: 3,
  deadlineSeconds: 100,
  settleSeconds: 10,
  maxRepeats: 1,
};

type RoundEventInput = RoundEvent extends infer E ? (E extends RoundEvent ? Omit<E, 'at'> : never) : never;

/** Drives the machine as the coordinator does, and keeps what came of it. */
function federation(rules: Partial<Schedule> = {}) {
  const settings = { ...schedule, ...rules };
  let state: RoundState = newFederation;
  let effects: readonly RoundEffect[] = [];
  const drive = {
    at: 0,
    settings,
    get state() {
      return state;
    },
    get effects() {
      return effects;
    },
    send(input: RoundEventInput, after = 0) {
      drive.at += after;
      ({ state, effects } = step(state, { ...input, at: drive.at } as RoundEvent, settings));
      return effects;
    },
    start: () => drive.send({ type: 'operator', action: 'start' }),
    ready: (...clients: string[]) => clients.flatMap((client) => drive.send({ type: 'client-ready', client })),
    leave: (client: string) => drive.send({ type: 'client-left', client }),
    submit: (client: string, round = 1, attempt = 1) => drive.send({ type: 'submission', client, round, attempt }),
    wait: (milliseconds: number) => drive.send({ type: 'time-passed' }, milliseconds),
  };
  return drive;
}

const typesOf = (effects: readonly RoundEffect[]) => effects.map((effect) => effect.type);

describe('recruiting', () => {
  it('[RD1] waits for its operator, then for so many clients as it recruits', () => {
    const f = federation();
    expect(f.ready('a', 'b', 'c')).toEqual([]);
    expect(statusOf(f.state, schedule)).toMatchObject({ state: 'paused', round: 0, ready: 3 });
    f.leave('c');
    expect(f.start()).toEqual([]);
    expect(statusOf(f.state, schedule)).toMatchObject({ state: 'recruiting', ready: 2, recruit: 3 });
    expect(f.ready('c')).toEqual([
      { type: 'begin', round: 1, attempt: 1, deadline: 100_000 },
      { type: 'offer', clients: ['a', 'b', 'c'] },
    ]);
    expect(wakeAt(f.state)).toBe(100_000);
  });

  it('[RD1] begins with fewer when the operator starts it again, but never below the minimum', () => {
    const f = federation();
    f.start();
    f.ready('a');
    expect(f.start()).toEqual([]);
    f.ready('b');
    expect(typesOf(f.start())).toEqual(['begin', 'offer']);
  });

  it('counts a client that says twice that it is ready once', () => {
    const f = federation();
    f.start();
    f.ready('a', 'a', 'a');
    expect(f.state).toMatchObject({ state: 'recruiting', present: ['a'] });
  });
});

describe('a round', () => {
  const running = (rules: Partial<Schedule> = {}) => {
    const f = federation(rules);
    f.start();
    f.ready('a', 'b', 'c');
    return f;
  };

  it('[RD2] closes at its goal, commits, and begins the next', () => {
    const f = running();
    expect(f.submit('a')).toEqual([{ type: 'accept', client: 'a' }]);
    f.submit('b');
    expect(f.submit('c')).toEqual([
      { type: 'accept', client: 'c' },
      { type: 'commit', round: 1, attempt: 1 },
    ]);
    expect(f.send({ type: 'committed' })).toEqual([
      { type: 'close', round: 1, attempt: 1, outcome: 'committed', version: 1, submissions: 3, reason: null },
      { type: 'begin', round: 2, attempt: 1, deadline: 100_000 },
      { type: 'offer', clients: ['a', 'b', 'c'] },
    ]);
  });

  it('[RD2] finishes before its last round where its target is reached, also behind a pause', () => {
    const f = running({ rounds: 9, targetPerplexity: 20 });
    for (const client of ['a', 'b', 'c']) f.submit(client);
    expect(typesOf(f.send({ type: 'committed', tuned: [19, 44, 25] }))).toEqual(['close', 'begin', 'offer']);
    for (const client of ['a', 'b', 'c']) f.submit(client, 2);
    f.send({ type: 'operator', action: 'pause' });
    expect(typesOf(f.send({ type: 'committed', tuned: [19, 44, 20] }))).toEqual(['close']);
    expect(statusOf(f.state, f.settings)).toMatchObject({
      state: 'finished',
      version: 2,
      rounds: 9,
      reason: 'The target is reached: the median perplexity of 3 is 20, of 20 asked for.',
    });
  });

  it('finishes after its last round', () => {
    const f = running({ rounds: 1 });
    f.submit('a');
    f.submit('b');
    f.submit('c');
    expect(typesOf(f.send({ type: 'committed' }))).toEqual(['close']);
    expect(statusOf(f.state, f.settings)).toMatchObject({ state: 'finished', round: 1, version: 1 });
    expect(f.submit('d', 2)).toMatchObject([{ type: 'refuse', code: 'federation-ended' }]);
  });

  it('[RD2] closes at its deadline with the minimum', () => {
    const f = running();
    f.submit('a');
    f.submit('b');
    expect(f.wait(99_999)).toEqual([]);
    expect(f.wait(1)).toEqual([{ type: 'commit', round: 1, attempt: 1 }]);
  });

  it('[RD2] below its minimum it fails at its deadline, and is repeated at once', () => {
    const f = running();
    f.submit('a');
    expect(f.wait(100_000)).toEqual([
      {
        type: 'close',
        round: 1,
        attempt: 1,
        outcome: 'failed',
        version: 0,
        submissions: 1,
        reason: '1 of at least 2 submissions came before the deadline.',
      },
      { type: 'begin', round: 1, attempt: 2, deadline: 200_000 },
      { type: 'offer', clients: ['b', 'c'] },
    ]);
  });

  it('[UP4] keeps what was submitted to a failed attempt, and takes a delta that was trained for it', () => {
    const f = running();
    f.submit('a');
    f.wait(100_000);
    expect(f.submit('a', 1, 2)).toEqual([{ type: 'answer-again', client: 'a' }]);
    expect(f.submit('b', 1, 1)).toEqual([{ type: 'accept', client: 'b' }]);
    expect(f.submit('c', 1, 2)).toEqual([
      { type: 'accept', client: 'c' },
      { type: 'commit', round: 1, attempt: 2 },
    ]);
  });

  it('[RD2] ends the federation when a round has failed too often', () => {
    const f = running();
    f.wait(100_000);
    expect(f.wait(100_000)).toMatchObject([{ type: 'close', attempt: 2, outcome: 'failed' }]);
    expect(statusOf(f.state, schedule)).toMatchObject({ state: 'failed', reason: expect.stringContaining('2 times') });
  });

  it('[RD4] waits for clients after a failed attempt when too few are left', () => {
    const f = running();
    f.leave('b');
    f.leave('c');
    expect(typesOf(f.wait(100_000))).toEqual(['close']);
    expect(statusOf(f.state, schedule)).toMatchObject({ state: 'recruiting', recruit: 2, ready: 1 });
    expect(typesOf(f.ready('c'))).toEqual(['begin', 'offer']);
  });

  it('[RD4] offers the round in progress to a late joiner and to one that comes back', () => {
    const f = running();
    expect(f.ready('d')).toEqual([{ type: 'offer', clients: ['d'] }]);
    f.leave('a');
    expect(f.ready('a')).toEqual([{ type: 'offer', clients: ['a'] }]);
    f.submit('a');
    expect(f.ready('a')).toEqual([]);
  });

  it('[RD4] does not wait out the deadline for a client that left', () => {
    const f = running();
    f.submit('a');
    f.submit('b');
    f.leave('c');
    expect(wakeAt(f.state)).toBe(10_000);
    expect(f.wait(10_000)).toEqual([{ type: 'commit', round: 1, attempt: 1 }]);
  });

  it('[RD4] waits on for a client that comes back in time', () => {
    const f = running();
    f.submit('a');
    f.submit('b');
    f.leave('c');
    f.ready('c');
    expect(wakeAt(f.state)).toBe(100_000);
    f.wait(10_000);
    expect(typesOf(f.submit('c'))).toEqual(['accept', 'commit']);
  });

  it('[UP4] accepts one submission of a client', () => {
    const f = running();
    f.submit('a');
    expect(f.submit('a')).toEqual([{ type: 'answer-again', client: 'a' }]);
    expect(f.state).toMatchObject({ submitted: ['a'] });
  });

  it('[UP5] tells a late submission that it is late, and one from the future that nobody asked for it', () => {
    const f = running();
    for (const client of ['a', 'b', 'c']) f.submit(client);
    expect(f.submit('d')).toMatchObject([{ type: 'refuse', client: 'd', code: 'round-closed' }]);
    f.send({ type: 'committed' });
    expect(f.submit('d', 1)).toMatchObject([{ type: 'refuse', code: 'round-closed' }]);
    expect(f.submit('d', 3)).toMatchObject([{ type: 'refuse', code: 'round-unknown' }]);
    expect(f.submit('d', 2, 2)).toMatchObject([{ type: 'refuse', code: 'round-unknown' }]);
  });

  it('[RD2] lets nothing in behind the deadline, even when the timer is late', () => {
    const f = running();
    f.submit('a');
    f.submit('b');
    f.at = 100_001;
    expect(f.submit('c')).toMatchObject([{ type: 'commit' }, { type: 'refuse', code: 'round-closed' }]);
  });

  it('[RD3] tries a commit again, later and later, while the storage fails', () => {
    const f = running();
    for (const client of ['a', 'b', 'c']) f.submit(client);
    const failed = { type: 'commit-failed', cause: 'storage', reason: 'disk full' } as const;
    expect(f.send(failed)).toEqual([]);
    expect(wakeAt(f.state)).toBe(1_000);
    expect(f.wait(999)).toEqual([]);
    expect(f.wait(1)).toEqual([{ type: 'commit', round: 1, attempt: 1 }]);
    f.send(failed);
    expect(wakeAt(f.state)).toBe(3_000);
    expect(typesOf(f.wait(2_000))).toEqual(['commit']);
    expect(typesOf(f.send({ type: 'committed' }))).toEqual(['close', 'begin', 'offer']);
  });

  it('[RD3] what became of a commit does not begin it again, however late it comes', () => {
    const f = federation({ goal: 2 });
    f.start();
    f.ready('a', 'b', 'c');
    f.submit('a');
    f.submit('b');
    f.send({ type: 'commit-failed', cause: 'storage', reason: 'disk full' });
    // The retry is due, and the answer of the first try comes at last.
    expect(typesOf(f.send({ type: 'commit-failed', cause: 'storage', reason: 'disk full' }, 60_000))).toEqual([]);
    expect(typesOf(f.send({ type: 'committed' }, 60_000))).toEqual(['close', 'begin', 'offer']);
    expect(f.state).toMatchObject({ state: 'training', version: 1 });
  });

  it('[RD4] repeats a round whose sums are of no use, without the submissions that spoilt them', () => {
    const f = running();
    for (const client of ['a', 'b', 'c']) f.submit(client);
    expect(typesOf(f.send({ type: 'commit-failed', cause: 'aggregate', reason: 'not finite' }))).toEqual([
      'discard',
      'close',
      'begin',
      'offer',
    ]);
    expect(f.submit('a', 1, 2)).toEqual([{ type: 'accept', client: 'a' }]);
  });
});

describe('the operator', () => {
  const running = () => {
    const f = federation();
    f.start();
    f.ready('a', 'b', 'c');
    return f;
  };
  const pause = { type: 'operator', action: 'pause' } as const;
  const resume = { type: 'operator', action: 'resume' } as const;

  it('pauses a round with the time that is left, takes what is ready, and resumes it', () => {
    const f = running();
    f.wait(40_000);
    f.send(pause);
    expect(wakeAt(f.state)).toBe(null);
    f.wait(1_000_000);
    for (const client of ['a', 'b']) expect(f.submit(client)).toEqual([{ type: 'accept', client }]);
    expect(f.ready('d')).toEqual([]);
    expect(f.send(resume)).toEqual([{ type: 'offer', clients: ['c', 'd'] }]);
    expect(wakeAt(f.state)).toBe(f.at + 60_000);
  });

  it('closes a round that reached its goal in a pause when it resumes', () => {
    const f = running();
    f.send(pause);
    for (const client of ['a', 'b', 'c']) f.submit(client);
    expect(typesOf(f.send(resume))).toEqual(['commit']);
  });

  it('begins no further round after a commit in a pause', () => {
    const f = running();
    for (const client of ['a', 'b', 'c']) f.submit(client);
    f.send(pause);
    expect(typesOf(f.send({ type: 'committed' }))).toEqual(['close']);
    expect(statusOf(f.state, schedule)).toMatchObject({ state: 'paused', version: 1 });
    expect(typesOf(f.send(resume))).toEqual(['begin', 'offer']);
  });

  it('stops a federation for good', () => {
    const f = running();
    f.submit('a');
    expect(typesOf(f.send({ type: 'operator', action: 'stop' }))).toEqual(['close', 'discard']);
    const stopped = f.state;
    for (const action of ['start', 'pause', 'resume', 'stop'] as const) f.send({ type: 'operator', action });
    expect(f.state).toBe(stopped);
    expect(f.submit('b')).toMatchObject([{ type: 'refuse', code: 'federation-ended' }]);
  });

  it('[RD1] is told what can be done: a new federation is started, a paused one resumed', () => {
    const f = federation();
    const can = () => possibleActions(f.state, f.settings);
    expect(can()).toEqual(['start', 'stop']);
    f.start();
    expect(can()).toEqual(['pause', 'stop']);
    // Enough for a round, and not all that were to be recruited.
    f.ready('a', 'b');
    expect(can()).toEqual(['start', 'pause', 'stop']);
    f.send(pause);
    expect(can()).toEqual(['resume', 'stop']);
    f.send(resume);
    f.ready('c');
    expect(can()).toEqual(['pause', 'stop']);
    for (const client of ['a', 'b', 'c']) f.submit(client);
    expect(can()).toEqual(['pause', 'stop']);
    f.send({ type: 'operator', action: 'stop' });
    expect(can()).toEqual([]);
  });
});

describe('a restart', () => {
  it('[RD4] keeps the round and its submissions, and gives those who trained on time to come back', () => {
    const f = federation();
    f.start();
    f.ready('a', 'b', 'c');
    f.submit('a');
    expect(f.send({ type: 'restarted' }, 500_000)).toEqual([]);
    expect(wakeAt(f.state)).toBe(f.at + RESTART_GRACE_MS);
    expect(f.state).toMatchObject({ state: 'training', present: [], submitted: ['a'] });
    f.ready('b');
    expect(f.submit('b')).toEqual([{ type: 'accept', client: 'b' }]);
  });

  it('[RD3] commits again what was being committed', () => {
    const f = federation();
    f.start();
    f.ready('a', 'b', 'c');
    for (const client of ['a', 'b', 'c']) f.submit(client);
    expect(f.send({ type: 'restarted' })).toEqual([{ type: 'commit', round: 1, attempt: 1 }]);
  });

  it('[RD4] asks again for submissions that the disk lost, and keeps the others', () => {
    const f = federation();
    f.start();
    f.ready('a', 'b', 'c');
    for (const client of ['a', 'b', 'c']) f.submit(client);
    expect(typesOf(f.send({ type: 'submissions-lost', clients: ['b'] }))).toEqual(['close', 'begin', 'offer']);
    expect(f.effects.at(-1)).toEqual({ type: 'offer', clients: ['b'] });
    expect(typesOf(f.submit('b', 1, 1))).toEqual(['accept', 'commit']);
  });

  it('[RD4] does so for a paused federation too', () => {
    const f = federation();
    f.start();
    f.ready('a', 'b', 'c');
    for (const client of ['a', 'b', 'c']) f.submit(client);
    f.send({ type: 'operator', action: 'pause' });
    expect(f.send({ type: 'restarted' })).toEqual([{ type: 'commit', round: 1, attempt: 1 }]);
  });
});
