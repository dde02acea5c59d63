import { ProtocolError } from '@perfit/protocol';
import type { Logger } from './ports.ts';

/**
 * Keeps the first thing that went wrong in a coordinator itself, where nobody reads its log. Refusals are the round
 * machine's to repeat; all else is a fault of ours.
 */
export class FaultLog implements Logger {
  private first: unknown = null;

  debug(): void {}
  info(): void {}
  warn(): void {}

  error(fields: object): void {
    const error = 'err' in fields ? fields.err : null;
    if (error && !(error instanceof ProtocolError)) this.note(error);
  }

  child(): Logger {
    return this;
  }

  note(error: unknown): void {
    this.first ??= error;
  }

  /** @throws what was noted first */
  assertNone(): void {
    if (this.first) throw this.first;
  }
}
