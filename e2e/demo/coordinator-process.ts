import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

export const projectRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Arguments for `node` that run the command line, which `scripts/setup.mjs` compiles. */
export const perfit = ['--enable-source-maps', join(projectRoot, 'apps/cli/dist/perfit.mjs')];

const listeningSchema = z.object({
  event: z.literal('listening'),
  url: z.url(),
  operator: z.object({ name: z.string(), password: z.string().nullable() }),
});
export type Listening = z.infer<typeof listeningSchema>;

export interface CoordinatorOptions {
  dataDirectory: string;
  modelsDirectory: string;
  /** The built page; the project's where absent. */
  webDirectory?: string;
  /** 0 takes a free one. */
  port?: number;
  operatorPassword: string;
}

/** A real coordinator in a process of its own, so that it can be killed like one. */
export class CoordinatorProcess {
  readonly url: string;
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #log: string[];

  private constructor(child: ChildProcess, listening: Listening, log: string[]) {
    this.#child = child;
    this.#log = log;
    this.url = listening.url;
    this.port = Number(new URL(listening.url).port);
  }

  /** Starts `perfit serve` and waits until it listens. @throws Error with what it printed, where it does not */
  static async start(options: CoordinatorOptions): Promise<CoordinatorProcess> {
    const args = [...perfit, 'serve', '--json', '--empty', '--host', '127.0.0.1'];
    args.push(
      '--port',
      String(options.port ?? 0),
      '--data',
      options.dataDirectory,
      '--models',
      options.modelsDirectory,
    );
    if (options.webDirectory) args.push('--web', options.webDirectory);
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PERFIT_OPERATOR_PASSWORD: options.operatorPassword },
    });
    const log: string[] = [];
    const remember = (line: string) => {
      log.push(line);
      if (log.length > 500) log.shift();
    };
    createInterface({ input: child.stderr }).on('line', remember);
    const listening = await new Promise<Listening>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        remember(line);
        const parsed = listeningSchema.safeParse(parseJson(line));
        if (parsed.success) resolve(parsed.data);
      });
      child.once('error', reject);
      child.once('exit', (code) =>
        reject(new Error(`The coordinator ended with ${code} before it listened:\n${log.join('\n')}`)),
      );
    });
    return new CoordinatorProcess(child, listening, log);
  }

  /** The last lines that it printed. */
  get log(): readonly string[] {
    return this.#log;
  }

  /** SIGKILL: nothing is flushed, nobody is told. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill(signal);
    await ended;
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
