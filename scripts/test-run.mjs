import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { binary } from './checks.mjs';
import { playwrightCli, root } from './setup.mjs';
import { overheard, sideBySide } from './side-by-side.mjs';

/** One run: what passed, what was left out and why, and where the time went. */
export class TestRun {
  #folder;
  #wish;
  #totals = { passed: 0, failed: 0, skipped: 0 };
  #leftOut = new Map();
  #times = [];
  #child = null;
  #isStopped = false;

  constructor({ folder, wish }) {
    this.#folder = folder;
    this.#wish = wish;
    this.env = {
      ...process.env,
      TMPDIR: folder,
      PERFIT_TEST_FORM: wish.isLong ? 'long' : 'short',
      PERFIT_TEST_SEED: String(wish.seed),
    };
  }

  async timed(what, work) {
    const started = Date.now();
    await work();
    this.#times.push([what, (Date.now() - started) / 1000]);
  }

  /** As many at a time as there are cores, for each uses one; each says what it has to say when it is done. */
  async checks(checks) {
    await sideBySide(checks, async ([what, args]) => {
      const started = Date.now();
      const { status, output } = await overheard(args);
      process.stdout.write(`\n── ${what}\n${output}${outcome(what, status, started)}`);
      this.#add({ [status === 0 ? 'passed' : 'failed']: 1 });
    });
  }

  /** One run after the other. @param runs the arguments of each */
  async vitest(what, runs) {
    for (const args of runs) await this.#vitest(what, args);
  }

  async #vitest(what, args) {
    const [report, leftOut] = [join(this.#folder, 'vitest.json'), join(this.#folder, 'left-out.json')];
    const reporters = ['--reporter=default', '--reporter=json', '--reporter=testing/left-out-reporter.ts'];
    const all = [binary('vitest', 'vitest.mjs'), ...args, ...reporters, `--outputFile=${report}`];
    for (const file of [report, leftOut]) rmSync(file, { force: true });
    const succeeded = await this.#execute(what, all, { env: { ...this.env, PERFIT_LEFT_OUT: leftOut } });
    const { numPassedTests, numFailedTests, numPendingTests } = readReport(report) ?? {};
    this.#count(succeeded, { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests });
    for (const [reason, count] of Object.entries(readReport(leftOut) ?? {})) this.#leaveOut(reason, count);
  }

  async playwright(args) {
    const report = join(this.#folder, 'playwright.json');
    const all = [playwrightCli(), 'test', '--reporter=list,json', ...args];
    const env = { ...this.env, PLAYWRIGHT_JSON_OUTPUT_NAME: report };
    const succeeded = await this.#execute('tests in browsers', all, { cwd: join(root, 'e2e'), env });
    const { stats, suites } = readReport(report) ?? {};
    // One that passes at its second try has failed: nothing is tried twice here.
    const { expected, unexpected = 0, flaky = 0, skipped } = stats ?? {};
    this.#count(succeeded, { passed: expected, failed: unexpected + flaky, skipped });
    for (const test of (suites ?? []).flatMap(testsOf)) {
      if (test.status !== 'skipped') continue;
      const { description } = test.annotations.find(({ type }) => type === 'skip') ?? {};
      this.#leaveOut(description ?? 'no reason is given', 1);
    }
  }

  /** Says what was left out, where the time went, and how many passed. @returns the exit code */
  summary() {
    const { passed, failed, skipped } = this.#totals;
    const { seed, isLong, noSkips, mayBeNone, notes } = this.#wish;
    const line = (text) => process.stdout.write(`${text}\n`);
    line('');
    for (const [reason, count] of this.#leftOut)
      line(`left out, ${count} ${count === 1 ? 'test' : 'tests'}: ${reason}`);
    const spent = this.#times.map(([what, seconds]) => `${what} ${Math.round(seconds)} s`);
    const total = this.#times.reduce((sum, [, seconds]) => sum + seconds, 0);
    line(`${isLong ? 'long forms' : 'short forms'}, seed ${seed}: ${Math.round(total)} s (${spent.join(', ')})`);
    for (const note of notes) line(note);
    const isNone = passed + failed + skipped === 0;
    if (isNone) line(mayBeNone ? 'no test concerns what has changed' : 'no test is there that was asked for');
    if (noSkips && skipped) line('--no-skips: what was left out counts as failed');
    const [bad, left] = noSkips ? [failed + skipped, 0] : [failed, skipped];
    line(`${passed} passed, ${bad} failed${left ? `, ${left} skipped` : ''}`);
    return bad || (isNone && !mayBeNone) ? 1 : 0;
  }

  /** Ends what runs; nothing more is begun. */
  async stop(signal) {
    this.#isStopped = true;
    const child = this.#child;
    if (!child) return;
    child.kill(signal);
    await once(child, 'close');
  }

  async #execute(what, args, options) {
    // Whoever ends it is about to end this process.
    if (this.#isStopped) return await new Promise(() => {});
    process.stdout.write(`\n── ${what}\n`);
    const started = Date.now();
    this.#child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', ...options });
    const [status] = await once(this.#child, 'close');
    this.#child = null;
    process.stdout.write(outcome(what, status, started));
    return status === 0;
  }

  /** A runner that fails without a failed test (a file that does not load, no report) still counts as one failure. */
  #count(succeeded, { passed = 0, failed = 0, skipped = 0 }) {
    this.#add({ passed, failed: succeeded ? failed : Math.max(failed, 1), skipped });
  }

  #add(counts) {
    for (const [name, count] of Object.entries(counts)) this.#totals[name] += count;
  }

  #leaveOut(reason, count) {
    this.#leftOut.set(reason, (this.#leftOut.get(reason) ?? 0) + count);
  }
}

function testsOf({ specs = [], suites = [] }) {
  return [...specs.flatMap(({ tests }) => tests), ...suites.flatMap(testsOf)];
}

function readReport(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
}

function outcome(what, status, started) {
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  return `── ${what}: ${status === 0 ? 'passed' : 'FAILED'} in ${seconds} s\n`;
}
