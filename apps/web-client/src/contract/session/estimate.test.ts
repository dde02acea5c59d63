import type { FederationDescriptor } from '@perfit/protocol';
import { federationConfigSchema } from '@perfit/protocol';
import { describe, expect, it } from 'vitest';
import type { EngineEvent } from '../engine-event.ts';
import { foldEvent } from './fold-event.ts';
import { emptySession, type SessionState } from './session-state.ts';
import { roundShare, workLeft } from './work-left.ts';

/** 20 rows make 5 batches of 4: 2 epochs are 10 steps, and half an epoch of warm-up 3. */
const config = federationConfigSchema.parse({
  name: 'A test',
  model: 'none',
  lora: { rank: 2 },
  search: { warmupEpochs: 0.5, iterations: 2, batches: 1 },
  tuning: { epochs: 2, batchSize: 4, accumulation: 1 },
  evaluation: { heldOut: 0.2, validation: 0 },
});
const federation: FederationDescriptor = {
  id: 'village',
  config,
  modelPath: '/models/none/',
  layout: { hash: '0'.repeat(64), size: 100 },
};

/** A device on which one row takes so long in one pass. */
class Device {
  at = 0;
  session: SessionState = emptySession;

  constructor() {
    this.tell({ type: 'started', name: 'Ada', federation: 'village' });
    this.tell({ type: 'joined', client: 'c', federation, density: 0.5, resumed: false });
    this.tell({ type: 'examples', training: 20, heldOut: 5, question: null });
    this.tell({ type: 'round-started', round: 1, attempt: 1, deadlineMs: 60_000 });
  }

  tell(event: EngineEvent, after = 0): void {
    this.at += after;
    this.session = foldEvent(this.session, { at: this.at, event });
  }

  warmUp(millisecondsARow: number): void {
    for (let step = 1; step <= 3; step++) {
      const progress = { kind: 'warmup', step, steps: 3, loss: 4, tokens: 50 } as const;
      this.tell({ type: 'search', round: 1, progress }, 12 * millisecondsARow);
    }
  }

  tune(step: number, millisecondsARow: number): void {
    const progress = { kind: 'step', epoch: 1, step, steps: 10, loss: 3, tokens: 50 } as const;
    this.tell({ type: 'tuning', round: 1, progress }, 12 * millisecondsARow);
  }

  get secondsLeft(): number | null {
    const end = this.session.estimate?.roundEndsAt;
    return end === undefined || end === null ? null : (end - this.at) / 1000;
  }
}

describe('how long a round takes', () => {
  it('counts what is left in rows times passes, a step as three passes', () => {
    const device = new Device();
    // Warm-up 3 steps, pruning 2 · 1 batches, three evaluations of 5 rows, tuning 10 steps.
    const all = 36 + 24 + 5 + 5 + 120 + 5;
    expect(workLeft(device.session)).toEqual({ activity: 36, round: all, ofRound: all });
    device.warmUp(10);
    expect(workLeft(device.session).round).toBe(all - 36);
    device.tell({ type: 'search', round: 1, progress: { kind: 'prune', iteration: 1, iterations: 2, kept: 70 } });
    expect(workLeft(device.session)).toMatchObject({ activity: 12, round: all - 48 });
    device.tell({ type: 'perplexity', round: 1, of: 'base', value: 100 });
    device.tell({ type: 'perplexity', round: 1, of: 'received', value: 100 });
    device.tune(4, 10);
    expect(workLeft(device.session)).toMatchObject({ activity: 72, round: 77 });
    expect(roundShare(device.session)).toBeCloseTo(1 - 77 / (all - 5), 10);
  });

  it('says nothing before three steps were measured, and after a reload', () => {
    const device = new Device();
    for (let step = 1; step <= 3; step++) {
      expect(device.secondsLeft).toBeNull();
      device.tune(step, 100);
    }
    device.tune(4, 100);
    expect(device.secondsLeft).toBeCloseTo((6 * 12 + 5) / 10, 5);
    device.tell({ type: 'restored', session: device.session, ledger: [] });
    expect(device.secondsLeft).toBeNull();
  });

  it('counts down to one moment while steps take about as long, and moves it where they clearly do not', () => {
    const device = new Device();
    for (let step = 1; step <= 4; step++) device.tune(step, 1000);
    const end = device.session.estimate?.roundEndsAt;
    device.tune(5, 1150);
    device.tune(6, 900);
    expect(device.session.estimate?.roundEndsAt).toBe(end);
    device.tune(7, 9000);
    expect(device.session.estimate?.roundEndsAt).toBeGreaterThan(end ?? Number.NaN);
  });

  it('knows nothing while it is paused, and does not count the pause as a step', () => {
    const device = new Device();
    for (let step = 1; step <= 4; step++) device.tune(step, 100);
    device.tell({ type: 'pause-asked', isPaused: true });
    device.tell({ type: 'paused', round: 1 });
    expect(device.session).toMatchObject({ pause: 'held', estimate: null });
    device.tell({ type: 'resumed', round: 1 }, 3_600_000);
    device.tune(5, 100);
    device.tune(6, 100);
    expect(device.secondsLeft).toBeCloseTo((4 * 12 + 5) / 10, 5);
    expect(device.session.tokensPerSecond).toBeCloseTo(50 / 1.2, 5);
  });
});
