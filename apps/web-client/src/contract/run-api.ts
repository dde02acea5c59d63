/** What the page may ask of the worker about taking part in a federation. Types only, as in engine-api.ts. */
import type { SessionRecord } from '@perfit/protocol';
import type { LocalFile } from './data-api.ts';
import type { BackendChoice } from './device-api.ts';
import type { EventSink } from './engine-event.ts';
import type { Outcome } from './outcome.ts';

/** One participant of one federation in this browser; `as` tells several apart. */
export interface Seat {
  readonly federation: string;
  /** Empty for the usual one; any short word for a further participant in the same browser. */
  readonly as: string;
}

export interface JoinOptions {
  readonly seat: Seat;
  readonly invite?: string;
  /** Shown to the operator. */
  readonly name: string;
  readonly dataset: { readonly name: string; readonly files: readonly LocalFile[]; readonly most?: number };
  readonly backend: BackendChoice;
  /** Of WebAssembly; absent lets the worker choose. */
  readonly threads?: number;
  /** [PF8] Whether perplexities and losses may be reported to the coordinator. */
  readonly shareEvaluation: boolean;
  /** What the person agreed to; absent where a program joins that asked nobody. */
  readonly consent?: RecordedConsent;
  /** [PF2] The most that this client wants to own, as a share of N. */
  readonly maxDensity?: number;
  /** [PF9] Whether a second model is tuned on this text alone, in the time that this device would wait. */
  readonly compare?: boolean;
  /** Take the seat over from another tab of this browser. */
  readonly takeOver?: boolean;
}

/** What a person agreed to before they took part, as they read it. */
export interface RecordedConsent {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** SHA-256 of the sentences, one a line, in hex. */
  readonly version: string;
  readonly sentences: readonly string[];
  readonly shareEvaluation: boolean;
}

interface ResumeOptions {
  /** Take the seat over from another tab of this browser. */
  readonly takeOver: boolean;
  /** [PF9] To compare with tuning alone: also when the federation has ended. */
  readonly compare?: boolean;
}

/** What this browser remembers of a seat. */
export interface EarlierSession {
  readonly name: string;
  readonly dataset: { readonly name: string; readonly bytes: number };
  /** `running` goes on by itself; the others wait for the person. */
  readonly standing: 'running' | 'finished' | 'left';
  /** The last round that this client took part in; 0 before the first. */
  readonly round: number;
  readonly consent?: RecordedConsent;
}

export interface RunApi {
  /** Whether the coordinator would let this client in: it says hello, and nothing more. */
  checkInvite(seat: Seat, invite: string | null): Promise<Outcome<null>>;
  /** What this browser remembers of a seat. */
  earlier(seat: Seat): Promise<Outcome<EarlierSession | null>>;
  /** Forgets a seat: key, text, mask, adapter. The client comes back as somebody new. */
  forget(seat: Seat): Promise<Outcome<null>>;
  /** Runs until the federation ends or the client leaves. */
  join(options: JoinOptions, sink: EventSink): Promise<Outcome<'finished' | 'left'>>;
  /** The same with what an earlier `join` of the seat was given: after a reload, a crash, or leaving. */
  resume(seat: Seat, options: ResumeOptions, sink: EventSink): Promise<Outcome<'finished' | 'left'>>;
  /** Loads model and adapter of a seat that has ended, without joining again: for chat and export. */
  reopen(seat: Seat, sink: EventSink): Promise<Outcome<null>>;
  /**
   * Stops the computing after the present step, or lets it go on there. The client stays connected; a round that closes
   * meanwhile closes without it. Remembered: a tab that comes back is still paused.
   */
  setPaused(isPaused: boolean): Promise<Outcome<null>>;
  /** [PF9] Lets the second model, which is tuned on this text alone, go on, or stops it. Remembered. */
  setCompared(isWanted: boolean): Promise<Outcome<null>>;
  /** [PF8] Has held-out questions answered while the client waits for others, or not. Remembered. */
  setAnswering(isWanted: boolean): Promise<Outcome<null>>;
  /** `asked` is remembered; `moved` only frees the seat, and a reload goes on. */
  leave(why: 'asked' | 'moved'): Promise<Outcome<null>>;
  /** The session so far as plain JSON; null before the first `join`. */
  session(): Promise<Outcome<SessionRecord | null>>;
}
