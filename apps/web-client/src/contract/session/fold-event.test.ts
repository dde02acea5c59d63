import type { FederationStatus } from '@perfit/protocol';
import { describe, expect, it } from 'vitest';
import type { EngineEvent } from '../engine-event.ts';
import { foldEvents } from './fold-event.ts';
import { emptySession, type SessionState } from './session-state.ts';

const status: FederationStatus = { state: 'recruiting', round: 0, rounds: 2, version: 0, ready: 1, recruit: 2 };

/** One event a second, from second 1 on. */
function after(events: readonly EngineEvent[], from: SessionState = emptySession): SessionState {
  return foldEvents(
    from,
    events.map((event, i) => ({ at: 1000 * (i + 1), event })),
  );
}

const started: EngineEvent = { type: 'started', name: 'Ada', federation: 'village' };
const offered: EngineEvent = { type: 'round-started', round: 1, attempt: 1, deadlineMs: 60_000 };
const step = (at: number, steps = 8): EngineEvent => ({
  type: 'tuning',
  round: 1,
  progress: { kind: 'step', epoch: 1, step: at, steps, loss: 4 - at / 10, tokens: 500 },
});
const warmUp = { kind: 'warmup', step: 1, steps: 8, loss: 5, tokens: 500 } as const;
const prune = { kind: 'prune', iteration: 1, iterations: 3, kept: 70 } as const;

/** What the fold does not look at. */
const message = { id: 1, sha256: null, textBytes: 0, round: null, transfer: null };

const conclusion = {
  round: 2,
  of: 'mix',
  perplexity: { together: 70, alone: 75, kept: 70 },
  joining: { verdict: 'helped', ratio: 0.93, low: 0.9, high: 0.97, rows: 20 },
} as const;

describe('the session as events make it', () => {
  it('[PF8] keeps answers to held-out questions round by round, through a reload, and whether they are wanted', () => {
    const said = { text: 'At six.', tokens: 3, isCut: false, rougeL: 0.5, isExact: false };
    const questions = [{ prompt: 'When?', expected: 'At seven.', base: said }];
    const answers = (round: number): EngineEvent => ({
      type: 'answers',
      round,
      module: { round, of: 'tuned' },
      questions,
      answers: [said],
    });
    const two = after([started, answers(1), answers(2), { type: 'answering', how: 'slow' }]);
    expect(two.answers?.questions).toEqual(questions);
    expect(two.answers?.rounds.map(({ round }) => round)).toEqual([1, 2]);
    expect(after([{ type: 'restored', session: two, ledger: [] }, started])).toMatchObject({
      answers: two.answers,
      answering: 'slow',
    });
  });

  it('[PF9] compares with tuning alone while it waits, and keeps what came of it', () => {
    const finished = { ...status, state: 'finished', version: 2 } as const;
    const submitted = after([started, offered, { type: 'submitted', round: 1, bytes: 100 }]);
    const compared = after(
      [
        { type: 'compare', isWanted: true },
        { type: 'twin', tuning: 1, of: 2, done: 0.5 },
      ],
      submitted,
    );
    expect(compared).toMatchObject({ compares: true, phase: 'waiting', activity: { kind: 'alone', of: 2, done: 0.5 } });
    // The next round goes on as if nothing had been.
    expect(after([{ ...offered, round: 2 }], compared)).toMatchObject({ phase: 'searching' });
    const ended = after([{ type: 'status', status: finished }], compared);
    expect(ended).toMatchObject({ phase: 'waiting', activity: { kind: 'concluding' } });
    const concluded = after(
      [
        { type: 'conclusion', ...conclusion },
        { type: 'finished', status: finished },
      ],
      ended,
    );
    expect(concluded).toMatchObject({ phase: 'finished', conclusion });
  });

  it('says what happens in the order of a round', () => {
    const phases: [EngineEvent, SessionState['phase'], string][] = [
      [started, 'loading', 'loading'],
      [{ type: 'connection', state: 'connecting' }, 'loading', 'connecting'],
      [{ type: 'loading', stage: 'model', bytes: 1, total: 2 }, 'loading', 'loading'],
      [{ type: 'status', status }, 'recruiting', 'recruiting'],
      [offered, 'searching', 'preparing'],
      [{ type: 'transfer', round: 1, direction: 'down', kind: 'owners', bytes: 5, total: 9 }, 'tuning', 'downloading'],
      [{ type: 'transfer', round: 1, direction: 'down', kind: 'owners', bytes: 9, total: 9 }, 'searching', 'preparing'],
      [{ type: 'search', round: 1, progress: warmUp }, 'searching', 'warming-up'],
      [{ type: 'search', round: 1, progress: prune }, 'searching', 'pruning'],
      [{ type: 'mask', round: 1, kept: 50, size: 100 }, 'tuning', 'measuring'],
      [{ type: 'transfer', round: 1, direction: 'up', kind: 'mask', bytes: 5, total: 13 }, 'uploading', 'uploading'],
      [{ type: 'perplexity', round: 1, of: 'base', value: 160 }, 'tuning', 'measuring'],
      [{ type: 'perplexity', round: 1, of: 'received', value: 120 }, 'tuning', 'preparing'],
      [step(7), 'tuning', 'tuning'],
      [step(8), 'tuning', 'measuring'],
      [{ type: 'perplexity', round: 1, of: 'tuned', value: 80 }, 'tuning', 'measuring'],
      [
        { type: 'transfer', round: 1, direction: 'up', kind: 'delta', bytes: 100, total: 100 },
        'uploading',
        'uploading',
      ],
      [{ type: 'submitted', round: 1, bytes: 100 }, 'waiting', 'waiting'],
      [
        { type: 'round-closed', closed: { round: 1, attempt: 1, outcome: 'committed', version: 1, submissions: 2 } },
        'waiting',
        'waiting',
      ],
      [{ type: 'finished', status: { ...status, state: 'finished' } }, 'finished', 'finished'],
    ];
    let session = emptySession;
    for (const [event, phase, activity] of phases) {
      session = after([event], session);
      expect([event.type, session.phase, session.activity.kind]).toEqual([event.type, phase, activity]);
    }
    expect(session).toMatchObject({ kept: 50, size: 100, basePerplexity: 160, name: 'Ada' });
    expect(session.rounds).toMatchObject([{ number: 1, outcome: 'committed', received: 120, tuned: 80 }]);
  });

  it('keeps a failed attempt and its repeat apart, and gives figures to the latest', () => {
    const failed = { round: 1, attempt: 1, outcome: 'failed', version: 0, submissions: 1, reason: 'Too few.' } as const;
    const { rounds } = after([
      offered,
      step(1),
      { type: 'round-closed', closed: failed },
      { ...offered, attempt: 2 },
      step(2),
      { type: 'perplexity', round: 1, of: 'tuned', value: 77 },
    ]);
    expect(rounds).toMatchObject([
      { attempt: 1, outcome: 'failed', reason: 'Too few.', tuned: null, loss: 3.9, endedAt: 3000 },
      { attempt: 2, outcome: 'open', tuned: 77, loss: 3.8 },
    ]);
  });

  it('does not list a round that closed without this client', () => {
    const closed = { round: 4, attempt: 1, outcome: 'committed', version: 4, submissions: 3 } as const;
    expect(after([{ type: 'round-closed', closed }]).rounds).toEqual([]);
  });

  it('measures the time of a round to its submission, not to the close', () => {
    const closed = { round: 1, attempt: 1, outcome: 'committed', version: 1, submissions: 2 } as const;
    const { rounds } = after([
      offered,
      step(1),
      { type: 'submitted', round: 1, bytes: 9 },
      { type: 'round-closed', closed },
    ]);
    expect(rounds[0]).toMatchObject({ startedAt: 1000, endedAt: 3000 });
  });

  it('keeps tuning while the connection is lost, and says so', () => {
    const session = after([
      started,
      { type: 'connection', state: 'connected' },
      offered,
      step(1),
      { type: 'connection', state: 'lost', reason: 'x' },
    ]);
    expect(session).toMatchObject({ phase: 'tuning', connected: false });
  });

  it('does not leave a running round because the federation is paused', () => {
    const paused: EngineEvent = { type: 'status', status: { ...status, state: 'paused' } };
    expect(after([offered, step(1), paused]).activity.kind).toBe('tuning');
    expect(after([offered, { type: 'submitted', round: 1, bytes: 1 }, paused]).activity).toEqual({
      kind: 'waiting',
      why: 'paused',
    });
  });

  it('keeps a deadline and bytes by round, and whose part went in', () => {
    const entries = [{ ...message, at: 1, direction: 'up', kind: 'chunk', bytes: 7 }] as const;
    const closed = { round: 1, attempt: 1, outcome: 'committed', version: 1, submissions: 3 } as const;
    const { rounds } = after([
      { type: 'ledger', entries },
      offered,
      { type: 'ledger', entries },
      { type: 'submitted', round: 1, bytes: 9 },
      { type: 'round-closed', closed },
      { ...offered, round: 2, deadlineMs: 5000 },
    ]);
    expect(rounds).toMatchObject([
      { deadlineAt: 62_000, bytesUp: 7, bytesDown: 0, isSubmitted: true, submissions: 3 },
      { deadlineAt: 11_000 },
    ]);
  });

  it('is as paused after a reload as before it, and not after an end', () => {
    const before = after([started, offered, { type: 'pause-asked', isPaused: true }]);
    const back = after([{ type: 'restored', session: before, ledger: [] }, started]);
    expect([before.pause, back.pause]).toEqual(['asked', 'asked']);
    expect(after([{ type: 'left', reason: 'asked' }], back).pause).toBe('off');
  });

  it('takes up a session that an earlier version kept with less in it', () => {
    const { pause, pace, estimate, adapted, ...old } = after([started, offered]);
    const back = after([{ type: 'restored', session: old as SessionState, ledger: [] }]);
    expect(back).toMatchObject({ pause: 'off', pace: null, adapted: null });
  });

  it('counts bytes of messages by direction, and not the model’s files', () => {
    const entries = [
      { ...message, at: 1, direction: 'up', kind: 'hello', bytes: 100 },
      { ...message, at: 2, direction: 'down', kind: 'hello', bytes: 30 },
      { ...message, at: 3, direction: 'up', kind: 'prove', bytes: 5 },
      { ...message, at: 4, direction: 'down', kind: 'fetch', bytes: 4000 },
    ] as const;
    expect(after([{ type: 'ledger', entries }])).toMatchObject({ bytesUp: 105, bytesDown: 30 });
  });

  it('measures speed between steps only', () => {
    expect(after([offered, step(1)]).tokensPerSecond).toBeNull();
    expect(after([offered, step(1), step(2)]).tokensPerSecond).toBe(500);
  });

  it('goes on after a reload with its history, and forgets what held for one run', () => {
    const before = after([
      started,
      { type: 'models', base: true, personal: { round: 1, of: 'tuned' } },
      offered,
      step(1),
    ]);
    const back = after([{ type: 'restored', session: before, ledger: [] }, started, offered]);
    expect(back.rounds).toHaveLength(1);
    expect(back.losses).toHaveLength(1);
    expect(back).toMatchObject({ models: { base: false, personal: null }, startedAt: 1000 });
  });

  it('starts from nothing in another federation', () => {
    const before = after([started, offered, step(1)]);
    expect(after([{ ...started, federation: 'town' }], before)).toMatchObject({ rounds: [], losses: [] });
  });

  it('shows a problem until the connection heals, and remembers it', () => {
    const problem: EngineEvent = {
      type: 'problem',
      error: { code: 'rate-limited', message: 'Too fast.' },
      retry: 'It is tried again.',
    };
    const session = after([started, problem]);
    expect(session.lastProblem).toMatchObject({ retry: 'It is tried again.' });
    const healed = after([{ type: 'connection', state: 'connected' }], session);
    expect(healed.lastProblem).toBeNull();
    expect(healed.problems).toEqual([{ code: 'rate-limited', message: 'Too fast.' }]);
  });

  it('thins the older losses instead of growing for ever', () => {
    const many = after(Array.from({ length: 4500 }, (_, i) => step(i)));
    expect(many.losses.length).toBeLessThanOrEqual(4000);
    expect(many.losses.at(-1)?.loss).toBe(4 - 449.9);
  });
});
