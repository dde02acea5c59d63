import { Condition } from './condition.ts';

/**
 * Whether a client may compute. Whoever holds it stops the work after its present step; the client stays connected, and
 * goes on at the very step where it is let go. A round that closes meanwhile closes without it.
 */
export class Pause {
  private readonly condition = new Condition();
  private holding = new AbortController();
  private held = false;

  get isHeld(): boolean {
    return this.held;
  }

  hold(): void {
    this.held = true;
    this.holding.abort(new Error('the work is paused'));
    this.condition.changed();
  }

  release(): void {
    if (!this.held) return;
    this.held = false;
    this.holding = new AbortController();
    this.condition.changed();
  }

  /** Aborted as soon as it is held; another one after each release. */
  get signal(): AbortSignal {
    return this.holding.signal;
  }

  /** Waits until nobody holds it. @throws the signal's reason */
  released(signal: AbortSignal): Promise<unknown> {
    return this.condition.until(() => (this.held ? null : true), signal);
  }
}
