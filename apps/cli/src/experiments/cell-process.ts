import { type ChildProcess, fork } from 'node:child_process';
import { CellError } from './cell-error.ts';
import type { Cell } from './experiment.ts';
import type { CellResult } from './journal.ts';
import type { At } from './progress.ts';

/** What a process that runs cells is told: by fingerprint, since it has made the same plan. */
export interface CellOrder {
  readonly fingerprint: string;
}

/** What it says. */
export type CellReport =
  | { readonly type: 'ready'; readonly secondsPerBatch: number }
  | { readonly type: 'work'; readonly done: number; readonly at: At }
  | { readonly type: 'done'; readonly result: CellResult }
  | { readonly type: 'failed'; readonly message: string };

/** Set in a process that takes orders instead of running the experiment itself. */
export const ORDERS = 'PERFIT_SIMULATE_ORDERS';

/** This program once more, with a model of its own, which runs the cells that it is told. */
export class CellProcess {
  readonly ready: Promise<number>;
  private readonly child: ChildProcess;
  private running: {
    readonly onWork: (done: number, at: At) => void;
    readonly finish: (result: CellResult) => void;
    readonly fail: (error: Error) => void;
  } | null = null;

  /** @param args of the command line, as this process has them */
  constructor(program: string, args: readonly string[]) {
    this.child = fork(program, args, {
      env: { ...process.env, [ORDERS]: '1' },
      // Perplexities may be infinite, which JSON cannot say.
      serialization: 'advanced',
    });
    this.ready = new Promise((resolve, reject) => {
      this.child.on('message', (report: CellReport) => {
        if (report.type === 'ready') resolve(report.secondsPerBatch);
        else this.hear(report);
      });
      this.child.on('exit', (code, signal) => {
        const error = new CellError(`A process that ran cells ended with ${signal ?? code}.`);
        reject(error);
        this.running?.fail(error);
      });
    });
    this.ready.catch(() => {}); // awaited by whoever starts it
  }

  async run({ fingerprint }: Pick<Cell, 'fingerprint'>, onWork: (done: number, at: At) => void): Promise<CellResult> {
    await this.ready;
    return await new Promise<CellResult>((finish, fail) => {
      this.running = { onWork, finish, fail };
      this.child.send({ fingerprint } satisfies CellOrder);
    }).finally(() => {
      this.running = null;
    });
  }

  close(): void {
    this.child.removeAllListeners('exit');
    this.child.kill();
  }

  private hear(report: Exclude<CellReport, { type: 'ready' }>): void {
    if (report.type === 'work') this.running?.onWork(report.done, report.at);
    else if (report.type === 'done') this.running?.finish(report.result);
    else this.running?.fail(new CellError(report.message));
  }
}
