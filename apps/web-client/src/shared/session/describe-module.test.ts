import { describe, expect, it } from 'vitest';
import type { EngineEvent } from '../../contract/engine-event.ts';
import { foldEvents } from '../../contract/session/fold-event.ts';
import { emptySession, type ModuleOrigin } from '../../contract/session/session-state.ts';
import { describeModule } from './describe-module.ts';

/** After rounds with these perplexities, received and tuned. */
function noteOn(
  personal: ModuleOrigin | null,
  figures: readonly (readonly [number, number | null])[],
  more: readonly EngineEvent[] = [],
): string | null {
  const events = figures.flatMap(([received, tuned], i): EngineEvent[] => {
    const round = i + 1;
    const started: EngineEvent = { type: 'round-started', round, attempt: 1, deadlineMs: 1 };
    const before: EngineEvent = { type: 'perplexity', round, of: 'received', value: received };
    return [
      started,
      before,
      ...(tuned === null ? [] : [{ type: 'perplexity', round, of: 'tuned', value: tuned } as const]),
    ];
  });
  const models: EngineEvent = { type: 'models', base: true, personal };
  return describeModule(
    foldEvents(
      emptySession,
      [...events, models, ...more].map((event, i) => ({ at: i, event })),
    ),
  );
}

const three = [
  [160, 80],
  [90, 70],
  [75, 72],
] as const;

describe('which module chat and export use', () => {
  it('[PF9] is said where the best round is not the last, with its perplexity', () => {
    expect(noteOn({ round: 2, of: 'tuned' }, three)).toBe(
      'Chat and export use the model of round 2 (perplexity 70.0), not the one tuned last (72.0): it did best on the examples that choose the best model.',
    );
  });

  it('[PF9] is said where what came was better than what tuning made of it', () => {
    expect(noteOn({ round: 3, of: 'received' }, three)).toMatch(/that you received in round 3 \(perplexity 75\.0\)/);
    expect(noteOn({ round: 4, of: 'received' }, [...three, [65, null]])).toMatch(
      /round 4 \(perplexity 65\.0\).*\(72\.0\)/,
    );
  });

  it.each<[NonNullable<ModuleOrigin['of']>, string]>([
    ['final', 'the shared model after round 3'],
    ['mean', 'the mean of the models you tuned last'],
    ['mix', 'a mix of the model you received and the one you tuned last'],
    ['alone', 'the model tuned on your text alone'],
    ['alone-mean', 'the mean of the models tuned on your text alone'],
  ])('[PF9] is said where it is none of a round, with what was measured at the end: %s', (of, name) => {
    const conclusion: EngineEvent = {
      type: 'conclusion',
      round: 3,
      of,
      perplexity: { together: 70, alone: 68, kept: 66 },
      joining: null,
    };
    expect(noteOn({ round: 3, of }, three, [conclusion])).toBe(
      `Chat and export use ${name} (perplexity 66.0), not the one tuned last (72.0): it did best on the examples that choose the best model.`,
    );
    // Its figure comes with the choice.
    expect(noteOn({ round: 3, of }, three)).toContain(`${name}, not`);
  });

  it('goes without saying for the last one, also before its figures are there', () => {
    expect(noteOn({ round: 3, of: 'tuned' }, three)).toBeNull();
    expect(noteOn({ round: 4, of: 'tuned' }, [...three, [65, null]])).toBeNull();
    expect(noteOn(null, three)).toBeNull();
    expect(noteOn({ round: 1, of: 'tuned' }, [])).toBeNull();
  });

  it('names the round alone where a record does not say what of it', () => {
    expect(noteOn({ round: 2 }, three)).toMatch(/the model of round 2, not the one tuned last \(72\.0\)/);
    expect(noteOn({ round: 3 }, three)).toBeNull();
  });
});
