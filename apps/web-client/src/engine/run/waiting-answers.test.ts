import type { ClientEvent } from '@perfit/federation';
import type { FederationStatus } from '@perfit/protocol';
import { expect, it } from 'vitest';
import type { EngineEvent } from '../../contract/engine-event.ts';
import type { Answered, Answering } from '../../contract/session/answers.ts';
import { WaitingAnswers } from './waiting-answers.ts';

const answered: Answered = { round: 1, module: { round: 1, of: 'tuned' }, questions: [], answers: [] };
const submitted = (round: number): ClientEvent => ({ type: 'submitted', round, bytes: 1 });
const offered: ClientEvent = { type: 'round-started', round: 9, attempt: 1, deadlineMs: 1000 };
const over: FederationStatus = { state: 'finished', round: 2, rounds: 2, version: 2, ready: 1, recruit: 1 };

/** A client that waits, and a model that answers when the test says so. */
function stage(how: Answering = 'auto') {
  const told: EngineEvent[] = [];
  const working: boolean[] = [];
  const late = new AbortController();
  const asked: { readonly signal: AbortSignal; give(answer: Answered | null): void; fail(): void }[] = [];
  const state = { how, isAnswering: false };
  const waiting = new WaitingAnswers({
    answers: {
      get isAnswering() {
        return state.isAnswering;
      },
      answer: ({ signal }) =>
        new Promise((resolve, reject) => {
          asked.push({ signal, give: resolve, fail: () => reject(new Error('lost')) });
          signal.addEventListener('abort', () => resolve(null));
        }),
    },
    how: () => state.how,
    tell: (event) => told.push(event),
    onWorking: (isWorking) => working.push(isWorking),
    timeout: () => late.signal,
  });
  return { waiting, told, working, asked, state, late };
}

it('answers once its part went in, with others standing still, and tells of which round that is', async () => {
  const { waiting, told, working, asked } = stage();
  waiting.follow(submitted(2));
  // It comes once more where a receipt was lost.
  waiting.follow(submitted(2));
  expect([asked.length, working]).toEqual([1, [true]]);
  asked[0]?.give(answered);
  await expect.poll(() => working).toEqual([true, false]);
  expect(told).toEqual([{ type: 'answers', ...answered, round: 2 }]);
  waiting.follow(submitted(3));
  expect(asked.length).toBe(2);
});

it.each([
  ['the next round', offered],
  ['the end', { type: 'status', status: over } as const],
  ['leaving', { type: 'left', reason: 'removed' } as const],
])('is stopped by %s, and tells nothing', async (_, event) => {
  const { waiting, told, working, asked } = stage();
  waiting.follow(submitted(1));
  waiting.follow({ type: 'status', status: { ...over, state: 'training' } });
  expect(asked[0]?.signal.aborted).toBe(false);
  waiting.follow(event);
  expect(asked[0]?.signal.aborted).toBe(true);
  await Promise.resolve();
  expect([told, working]).toEqual([[], [true, false]]);
});

it('ends for good on a slow device, unless somebody wants it there', async () => {
  const slow = stage();
  slow.waiting.follow(submitted(1));
  slow.late.abort();
  await expect.poll(() => slow.told).toEqual([{ type: 'answering', how: 'slow' }]);
  const wanted = stage('on');
  wanted.waiting.follow(submitted(1));
  wanted.late.abort();
  expect(wanted.asked[0]?.signal.aborted).toBe(false);
  wanted.asked[0]?.give(answered);
  await expect.poll(() => wanted.told.length).toBe(1);
});

it('does nothing where nobody wants it, or somebody asks already, and takes a failure for no answer', async () => {
  for (const how of ['off', 'slow'] as const) {
    const { waiting, asked } = stage(how);
    waiting.follow(submitted(1));
    expect(asked).toEqual([]);
  }
  const { waiting, told, working, asked, state } = stage();
  state.isAnswering = true;
  waiting.follow(submitted(1));
  expect(asked).toEqual([]);
  state.isAnswering = false;
  waiting.follow(submitted(1));
  asked[0]?.fail();
  await expect.poll(() => working).toEqual([true, false]);
  expect(told).toEqual([]);
});
