import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
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

  vitest(args) {
    const [report, leftOut] = [join(this.#folder, 'vitest.json'), join(this.#folder, 'left-out.json')];
    const reporters = ['--reporter=default', '--reporter=json', '--reporter=testing/left-out-reporter.ts'];
    const all = [binary('vitest', 'vitest.mjs'), ...args, ...reporters, `--outputFile=${report}`];
    const succeeded = this.#execute('tests in Node', all, { env: { ...this.env, PERFIT_LEFT_OUT: leftOut } });
    const { numPassedTests, numFailedTests, numPendingTests } = readReport(report) ?? {};
    this.#count(succeeded, { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests });
    for (const [reason, count] of Object.entries(readReport(leftOut) ?? {})) this.#leaveOut(reason, count);
  }

  playwright(args) {
    const report = join(this.#folder, 'playwright.json');
    const all = [playwrightCli(), 'test', '--reporter=list,json', ...args];
    const env = { ...this.env, PLAYWRIGHT_JSON_OUTPUT_NAME: report };
    const succeeded = this.#execute('tests in browsers', all, { cwd: join(root, 'e2e'), env });
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
    const { seed, isLong, noSkips } = this.#wish;
    const line = (text) => process.stdout.write(`${text}\n`);
    line('');
    for (const [reason, count] of this.#leftOut)
      line(`left out, ${count} ${count === 1 ? 'test' : 'tests'}: ${reason}`);
    const spent = this.#times.map(([what, seconds]) => `${what} ${Math.round(seconds)} s`);
    const total = this.#times.reduce((sum, [, seconds]) => sum + seconds, 0);
    line(`${isLong ? 'long forms' : 'short forms'}, seed ${seed}: ${Math.round(total)} s (${spent.join(', ')})`);
    if (noSkips && skipped) line('--no-skips: what was left out counts as failed');
    const [bad, left] = noSkips ? [failed + skipped, 0] : [failed, skipped];
    line(`${passed} passed, ${bad} failed${left ? `, ${left} skipped` : ''}`);
    return bad ? 1 : 0;
  }

  #execute(what, args, options) {
    process.stdout.write(`\n── ${what}\n`);
    const started = Date.now();
    const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', ...options });
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
