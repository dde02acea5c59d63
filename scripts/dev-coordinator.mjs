// `perfit serve` as a program that is started again when its sources change.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { SetupError, typescript } from './setup.mjs';

/**
 * One coordinator at a time: it holds a port and the lock of a data directory, so that the next one starts when the
 * last one has ended in order.
 */
export class DevCoordinator {
  #args;
  #cwd;
  #onDeath;
  #port = 0;
  #child = null;
  /** The child that was asked to end. */
  #leaving = null;
  #launch = null;
  #isRestartWanted = false;
  #restarts = null;
  #stopping = null;

  /**
   * @param args options of `perfit serve`
   * @param options.cwd what paths in them are relative to
   * @param options.onDeath told the exit code of one that listened and that nobody asked to end
   */
  constructor(args, { cwd, onDeath }) {
    this.#args = args;
    this.#cwd = cwd;
    this.#onDeath = onDeath;
  }

  /**
   * The first start takes a free port, which later ones take again.
   * @returns what `perfit serve --json` says once it listens
   * @throws SetupError where it ends before that; it has said why on standard error
   */
  async start() {
    const listening = await this.#start();
    this.#port = Number(new URL(listening.url).port);
    return listening;
  }

  get isRestarting() {
    return this.#restarts !== null;
  }

  /** Settles when no restart is under way, also where the last one failed. */
  async settled() {
    await this.#restarts;
  }

  /** However often it is asked while a restart is under way, one more follows. */
  restart() {
    this.#isRestartWanted = true;
    this.#restarts ??= this.#restartWhileWanted().finally(() => {
      this.#restarts = null;
    });
  }

  /** Ends it in order; what is asked again waits for the same end. */
  stop() {
    this.#stopping ??= (async () => {
      this.#isRestartWanted = false;
      await this.#restarts;
      await this.#end();
    })();
    return this.#stopping;
  }

  /** Ends it at once. */
  kill() {
    this.#child?.kill('SIGKILL');
  }

  async #restartWhileWanted() {
    while (this.#isRestartWanted && !this.#stopping) {
      this.#isRestartWanted = false;
      const started = Date.now();
      await this.#end();
      try {
        await this.#start();
        say(`restarted in ${((Date.now() - started) / 1000).toFixed(1)} s`);
      } catch (error) {
        if (!(error instanceof SetupError)) throw error;
        say(`${error.message} The next change of its sources starts it again.`);
      }
    }
  }

  async #start() {
    this.#launch = this.#listening();
    try {
      return await this.#launch;
    } finally {
      this.#launch = null;
    }
  }

  #listening() {
    const args = ['serve', ...this.#args, '--host', '127.0.0.1', '--port', String(this.#port), '--json'];
    const child = spawn(process.execPath, [...typescript('apps/cli', 'src/main.ts'), ...args], {
      cwd: this.#cwd,
      stdio: ['ignore', 'pipe', 'inherit'],
      // Else a terminal's Ctrl-C reaches it as well, and it would take the second of two signals for impatience.
      detached: true,
      windowsHide: true,
    });
    this.#child = child;
    return new Promise((resolve, reject) => {
      let hasListened = false;
      createInterface({ input: child.stdout }).on('line', (line) => {
        const listening = listeningIn(line);
        if (!listening) return process.stdout.write(`${line}\n`);
        hasListened = true;
        resolve(listening);
      });
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        this.#child = null;
        if (!hasListened) reject(new SetupError(`The coordinator ended with ${code ?? signal} before it listened.`));
        else if (this.#leaving !== child) this.#onDeath(code ?? 1);
      });
    });
  }

  async #end() {
    // Before it listens it knows no end in order.
    await this.#launch?.catch(() => {});
    const child = this.#child;
    if (!child) return;
    this.#leaving = child;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }
}

export function say(text) {
  process.stdout.write(`coordinator: ${text}\n`);
}

function listeningIn(line) {
  try {
    const said = JSON.parse(line);
    return said?.event === 'listening' ? said : null;
  } catch {
    return null;
  }
}
