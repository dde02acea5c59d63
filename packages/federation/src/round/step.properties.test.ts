import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seed } from '../../../../testing/seed.ts';
import type { RoundEffect, RoundEvent } from './round-event.ts';
import { isEnded, newFederation, presentIn, type RoundState, type Schedule, versionOf, wakeAt } from './round-state.ts';
import { step } from './step.ts';

const clients = ['a', 'b', 'c', 'd', 'e'];

const arbitrarySchedule: fc.Arbitrary<Schedule> = fc
  .record({
    rounds: fc.integer({ min: 1, max: 4 }),
    goal: fc.integer({ min: 1, max: 5 }),
    minimum: fc.integer({ min: 1, max: 5 }),
    recruit: fc.integer({ min: 1, max: 5 }),
    deadlineSeconds: fc.integer({ min: 1, max: 60 }),
    settleSeconds: fc.integer({ min: 0, max: 30 }),
    maxRepeats: fc.integer({ min: 0, max: 3 }),
    targetPerplexity: fc.constantFrom(undefined, 20),
  })
  .map((schedule) => ({ ...schedule, minimum: Math.min(schedule.minimum, schedule.goal) }));

/** Most submissions aim at the round in progress, and most commits come when one is awaited: chance would rarely meet them. */
interface Draw {
  readonly what: number;
  readonly who: number;
  readonly offset: number;
  readonly after: number;
}
const arbitraryDraws = fc.array(
  fc.record({
    what: fc.nat({ max: 99 }),
    who: fc.nat({ max: clients.length - 1 }),
    offset: fc.integer({ min: -1, max: 1 }),
    after: fc.oneof(
      { weight: 6, arbitrary: fc.constant(0) },
      { weight: 3, arbitrary: fc.nat({ max: 2_000 }) },
      { weight: 1, arbitrary: fc.nat({ max: 70_000 }) },
    ),
  }),
  { minLength: 1, maxLength: 120 },
);

function eventFor(draw: Draw, state: RoundState, at: number): RoundEvent {
  const client = clients[draw.who] as string;
  const actions = ['start', 'pause', 'resume', 'stop'] as const;
  const attempt = state.state === 'paused' ? state.held.attempt : isEnded(state) ? 1 : state.attempt;
  const { what } = draw;
  const tuned = [15 + what, 10, 30];
  if (state.state === 'aggregating' && what < 50) return { type: 'committed', tuned, at };
  if (what < 30) return { type: 'client-ready', client, at };
  if (what < 36) return { type: 'client-left', client, at };
  if (what < 65) return { type: 'submission', client, round: versionOf(state) + 1, attempt, at };
  if (what < 72) return { type: 'submission', client, round: versionOf(state) + 1 + draw.offset, attempt: 1, at };
  if (what < 80) return { type: 'time-passed', at };
  if (what < 88) return { type: 'committed', tuned, at };
  if (what < 90) return { type: 'commit-failed', cause: 'storage', reason: 'disk full', at };
  if (what < 91) return { type: 'commit-failed', cause: 'aggregate', reason: 'not finite', at };
  if (what < 93) return { type: 'restarted', at };
  if (what < 94) return { type: 'submissions-lost', clients: [client], at };
  // A stop ends everything: it is drawn seldom.
  const stops = what === 99 && draw.after === 0 && draw.offset === 0;
  return { type: 'operator', action: stops ? 'stop' : (actions[what % 3] as (typeof actions)[number]), at };
}

interface Moment {
  readonly before: RoundState;
  readonly event: RoundEvent;
  readonly after: RoundState;
  readonly effects: readonly RoundEffect[];
}

function history(schedule: Schedule, draws: readonly Draw[]): Moment[] {
  const moments: Moment[] = [];
  let state: RoundState = newFederation;
  let at = 1_000;
  const run = (event: RoundEvent) => {
    const { state: after, effects } = step(state, event, schedule);
    moments.push({ before: state, event, after, effects });
    state = after;
  };
  run({ type: 'operator', action: 'start', at });
  for (const draw of draws) {
    at += draw.after;
    run(eventFor(draw, state, at));
  }
  return moments;
}

function forEveryHistory(check: (moments: Moment[], schedule: Schedule) => void) {
  fc.assert(
    fc.property(arbitrarySchedule, arbitraryDraws, (schedule, draws) => check(history(schedule, draws), schedule)),
    { numRuns: 400 },
  );
}

const effectsOf = <T extends RoundEffect['type']>(moments: readonly Moment[], type: T) =>
  moments.flatMap(({ effects }) => effects.filter((e): e is Extract<RoundEffect, { type: T }> => e.type === type));

describe('over any sequence of events', () => {
  it('reaches every state (the generator is worth its runs)', () => {
    const states = ['aggregating', 'failed', 'finished', 'paused', 'recruiting', 'stopped', 'training'];
    const seen = new Set<string>();
    // Some are rare: as many histories are drawn as it takes, so that no seed decides.
    for (let batch = 0; seen.size < states.length && batch < 50; batch++) {
      const histories = fc.sample(fc.tuple(arbitrarySchedule, arbitraryDraws), { numRuns: 100, seed: seed + batch });
      for (const { after } of histories.flatMap(([schedule, draws]) => history(schedule, draws))) seen.add(after.state);
    }
    expect([...seen].sort()).toEqual(states);
  });

  it('[UP4] counts no submission twice, and commits exactly those that it accepted', () => {
    forEveryHistory((moments) => {
      const accepted = new Set<string>();
      for (const { before, event, effects } of moments) {
        if (event.type === 'submissions-lost') for (const client of event.clients) accepted.delete(client);
        let version = versionOf(before);
        for (const effect of effects) {
          if (effect.type === 'accept') {
            expect(accepted.has(effect.client)).toBe(false);
            accepted.add(effect.client);
          }
          if (effect.type === 'discard') accepted.clear();
          if (effect.type === 'close' && effect.outcome === 'committed') {
            expect(effect.submissions).toBe(accepted.size);
            expect(effect.version).toBe(version + 1);
            version = effect.version;
            accepted.clear();
          }
        }
      }
    });
  });

  it('[UP4] answers every submission exactly once', () => {
    forEveryHistory((moments) => {
      for (const { event, effects } of moments) {
        const answers = effects.filter((e) => e.type === 'accept' || e.type === 'answer-again' || e.type === 'refuse');
        expect(answers.length).toBe(event.type === 'submission' ? 1 : 0);
      }
    });
  });

  it('[RD1] never goes back: versions and attempts only grow', () => {
    forEveryHistory((moments) => {
      let last = [0, 0];
      for (const { before, after } of moments) {
        expect(versionOf(after) - versionOf(before)).toBeGreaterThanOrEqual(0);
        expect(versionOf(after) - versionOf(before)).toBeLessThanOrEqual(1);
      }
      for (const { round, attempt } of effectsOf(moments, 'begin')) {
        const [lastRound, lastAttempt] = last as [number, number];
        expect(round > lastRound || (round === lastRound && attempt > lastAttempt)).toBe(true);
        last = [round, attempt];
      }
    });
  });

  it('[RD2] commits no round below its minimum', () => {
    forEveryHistory((moments, schedule) => {
      for (const close of effectsOf(moments, 'close')) {
        if (close.outcome === 'committed') expect(close.submissions).toBeGreaterThanOrEqual(schedule.minimum);
      }
    });
  });

  it('[RD2] is never stuck behind a deadline that has passed', () => {
    forEveryHistory((moments) => {
      for (const { event, after } of moments) {
        const due = wakeAt(after);
        if (due !== null && after.state === 'training' && after.settleAt !== due) expect(due).toBeGreaterThan(event.at);
        if (after.state === 'training' && after.settleAt !== null) {
          expect(after.settleAt).toBeGreaterThanOrEqual(event.at);
        }
      }
    });
  });

  it('[RD4] a round ends by the time alone, whoever is silent', () => {
    forEveryHistory((moments, schedule) => {
      const { after, event } = moments.at(-1) as Moment;
      if (after.state !== 'training') return;
      const late = step(after, { type: 'time-passed', at: event.at + schedule.deadlineSeconds * 1000 }, schedule);
      const types = late.effects.map((effect) => effect.type);
      expect(types.includes('commit') || types.includes('close')).toBe(true);
    });
  });

  it('[RD1] opens and closes attempts in turn, and commits only an open one', () => {
    forEveryHistory((moments) => {
      let open: string | null = null;
      for (const effect of moments.flatMap(({ effects }) => effects)) {
        if (effect.type === 'begin') {
          expect(open).toBe(null);
          open = `${effect.round}.${effect.attempt}`;
        } else if (effect.type === 'offer') {
          expect(open).not.toBe(null);
        } else if (effect.type === 'commit') {
          expect(open).toBe(`${effect.round}.${effect.attempt}`);
        } else if (effect.type === 'close') {
          expect(open).toBe(`${effect.round}.${effect.attempt}`);
          open = null;
        }
      }
    });
  });

  it('[UP4] offers nothing to a client that has submitted or is not here', () => {
    forEveryHistory((moments) => {
      const accepted = new Set<string>();
      for (const { before, event, effects } of moments) {
        const here = new Set(presentIn(before));
        if (event.type === 'client-ready') here.add(event.client);
        if (event.type === 'submissions-lost') for (const client of event.clients) accepted.delete(client);
        for (const effect of effects) {
          if (effect.type === 'accept') accepted.add(effect.client);
          if (effect.type === 'discard' || (effect.type === 'close' && effect.outcome === 'committed'))
            accepted.clear();
          for (const client of effect.type === 'offer' ? effect.clients : []) {
            expect(accepted.has(client)).toBe(false);
            expect(here.has(client)).toBe(true);
          }
        }
      }
    });
  });

  it('[RD1] is plain JSON: a state that was stored and read back steps the same', () => {
    forEveryHistory((moments, schedule) => {
      for (const { before, event, after, effects } of moments) {
        const readBack = JSON.parse(JSON.stringify(before)) as RoundState;
        expect(step(readBack, event, schedule)).toEqual({ state: after, effects });
      }
    });
  });

  it('knows each client once', () => {
    forEveryHistory((moments) => {
      for (const { after } of moments) expect(new Set(presentIn(after)).size).toBe(presentIn(after).length);
    });
  });

  it('[RD4] with five clients that all work, a started federation finishes, whatever came before', () => {
    forEveryHistory((moments, schedule) => {
      const { after, event } = moments.at(-1) as Moment;
      let state = after;
      let at = event.at;
      const run = (next: RoundEvent) => {
        state = step(state, next, schedule).state;
      };
      run({ type: 'operator', action: 'resume', at });
      for (let i = 0; i < 200 && !isEnded(state); i++) {
        for (const client of clients) run({ type: 'client-ready', client, at });
        for (const client of clients) {
          const attempt = state.state === 'training' ? state.attempt : 1;
          run({ type: 'submission', client, round: versionOf(state) + 1, attempt, at });
        }
        run({ type: 'committed', at });
        at += 1_000;
        run({ type: 'time-passed', at });
      }
      expect(isEnded(state)).toBe(true);
    });
  });
});
