import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LoadPlan } from './plan.ts';

/** Which clients a process of the swarm plays. */
export interface SwarmPart {
  readonly url: string;
  /** N. */
  readonly size: number;
  readonly ranges: readonly { readonly first: number; readonly count: number }[];
  /** Clients with a lower number submit. */
  readonly submitting: number;
}

export type ToSwarm =
  | { readonly type: 'submit'; readonly round: number }
  | { readonly type: 'download'; readonly version: number }
  | { readonly type: 'count-lost'; readonly round: number }
  | { readonly type: 'end' };

/** Moments are in milliseconds since the epoch. */
export type FromSwarm =
  | { readonly type: 'joined'; readonly count: number }
  | {
      readonly type: 'submitted';
      readonly round: number;
      readonly acknowledged: number;
      /** How often a client was asked to come later. */
      readonly postponed: number;
      readonly lastReceiptAt: number;
    }
  | { readonly type: 'closed'; readonly round: number; readonly outcome: string; readonly at: number }
  | { readonly type: 'downloaded'; readonly version: number; readonly bytes: number }
  | { readonly type: 'counted'; readonly round: number; readonly lost: number }
  | { readonly type: 'failed'; readonly reason: string };

/** What the process of the coordinator is started with. */
export interface CoordinatorPart extends LoadPlan {
  readonly folder: string;
}

export type ToCoordinator =
  | { readonly type: 'watch-loop' }
  | { readonly type: 'loop-watched' }
  | { readonly type: 'measure-sums' }
  | { readonly type: 'theta' }
  | { readonly type: 'end' };

export type FromCoordinator =
  | { readonly type: 'listening'; readonly url: string; readonly size: number; readonly restRss: number }
  | { readonly type: 'watching' }
  | {
      readonly type: 'loop';
      readonly p50: number;
      readonly p99: number;
      readonly max: number;
      readonly peakRss: number;
    }
  | { readonly type: 'sums'; readonly sums: SumSpeeds }
  | { readonly type: 'theta'; readonly path: string }
  | { readonly type: 'failed'; readonly reason: string };

/** In bytes of a delta's float32 values a second, all three. */
export interface SumSpeeds {
  readonly sumGBps: number;
  readonly addLoopGBps: number;
  readonly copyGBps: number;
}

/** What ended a load before it could be measured. */
export class LoadError extends Error {
  override readonly name = 'LoadError';
  readonly code = 'load-failed';
}

/** A process of this program, whose answers are waited for one by one. */
export class Part<In extends { type: string }, Out extends { type: string }> {
  private readonly child: ChildProcess;
  private readonly heard: Out[] = [];
  private wake: () => void = () => {};
  private end: string | null = null;

  constructor(module: string, argument: object) {
    // It is a source, also where this program was compiled.
    const execArgv = ['--import', import.meta.resolve('tsx')];
    this.child = fork(fileURLToPath(new URL(module, import.meta.url)), [JSON.stringify(argument)], { execArgv });
    this.child.on('message', (message) => {
      this.heard.push(message as Out);
      this.wake();
    });
    this.child.on('exit', (code, signal) => {
      this.end = `it ended with ${signal ?? code}`;
      this.wake();
    });
  }

  send(message: In): void {
    this.child.send(message);
  }

  /** @throws LoadError where the process fails or ends instead */
  async hear<T extends Out['type']>(type: T): Promise<Extract<Out, { type: T }>> {
    for (;;) {
      const index = this.heard.findIndex((message) => message.type === type);
      if (index >= 0) return this.heard.splice(index, 1)[0] as Extract<Out, { type: T }>;
      const failure = this.heard.find((message) => message.type === 'failed') as { reason?: string } | undefined;
      const reason = failure?.reason ?? this.end;
      if (reason) throw new LoadError(`A process of the load failed: ${reason}.`);
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}
