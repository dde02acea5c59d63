// The checks of the project; the last line counts them.
//
//   npm test                      everything in its short form: what CI runs
//   npm run test:all              everything in its long form
//   npm run test:changed          the tests that the changes since the last commit concern
//   npm test -- PATH…             the tests of a file or folder; those that import it, where it is no test
//   npm test -- --project NAME    unit, integration, fuzz, webgpu, chromium or firefox
//   npm test -- --seed N          what everything random starts from
//   npm test -- --no-skips        a test that is left out fails the run
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { binary, staticChecks } from './checks.mjs';
import {
  checkNode,
  ensureBrowser,
  ensureCommandLine,
  ensureDependencies,
  ensureWebClient,
  playwrightCli,
  root,
  runScript,
  SetupError,
} from './setup.mjs';

const VITEST_PROJECTS = ['unit', 'integration', 'fuzz', 'webgpu'];
const BROWSER_PROJECTS = ['chromium', 'firefox'];

await runScript(async () => {
  const wish = readWish();
  const reports = mkdtempSync(join(tmpdir(), 'perfit-test-'));
  const run = new Run({ reports, wish });
  try {
    await run.timed('installation and build', () => {
      checkNode();
      ensureDependencies();
      ensureCommandLine();
      if (wish.browser) ensureWebClient();
      // Its folder has the software driver for WebGPU in Node as well.
      run.env.PERFIT_BROWSER = ensureBrowser();
    });
    if (wish.checks) await run.timed('static checks', () => run.checks(staticChecks()));
    if (wish.vitest) await run.timed('tests in Node', () => run.vitest(wish.vitest));
    if (wish.browser) await run.timed('tests in browsers', () => run.playwright(wish.browser));
    return run.summary();
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
});

/** @returns what of `checks`, `vitest` and `browser` is to run, the latter with their arguments */
function readWish() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      all: { type: 'boolean', default: false },
      changed: { type: 'boolean', default: false },
      project: { type: 'string', multiple: true, default: [] },
      seed: { type: 'string' },
      'no-skips': { type: 'boolean', default: false },
    },
  });
  const isWhole = !values.changed && positionals.length === 0 && values.project.length === 0;
  const seed = readSeed(values);
  const common = { seed, isLong: values.all, noSkips: values['no-skips'] };
  if (isWhole) return { ...common, checks: true, vitest: ['run'], browser: [] };
  for (const name of values.project) {
    if (![...VITEST_PROJECTS, ...BROWSER_PROJECTS].includes(name)) {
      throw new SetupError(`There is no project ${name}: ${[...VITEST_PROJECTS, ...BROWSER_PROJECTS].join(', ')}.`);
    }
  }
  const paths = positionals.map((path) => inRoot(path));
  const chosen = (projects) => values.project.filter((name) => projects.includes(name));
  const vitest = vitestArgs({ paths, projects: chosen(VITEST_PROJECTS), ...values });
  const browser = browserArgs({ paths, projects: chosen(BROWSER_PROJECTS), ...values });
  return { ...common, checks: false, vitest, browser };
}

/** In `test:all` another one each time, so that it finds what the same one never would. */
function readSeed({ seed, all }) {
  if (seed === undefined) return all ? Date.now() % 1_000_000 : 1;
  const value = Number(seed);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new SetupError(`--seed ${seed} is no whole number.`);
}

/** @returns a path from the root of the project @throws SetupError where there is nothing */
function inRoot(path) {
  const full = [resolve(process.env.INIT_CWD ?? process.cwd(), path), resolve(root, path)].find(existsSync);
  if (full) return relative(root, full);
  throw new SetupError(`There is no file or folder ${path}.`);
}

const isBrowserPath = (path) => path === 'e2e' || path.startsWith('e2e/');

function vitestArgs({ paths, projects, changed, project }) {
  const own = paths.filter((path) => !isBrowserPath(path));
  const isAsked = changed || own.length > 0 || (paths.length === 0 && (projects.length > 0 || project.length === 0));
  if (!isAsked || (project.length > 0 && projects.length === 0)) return null;
  const named = projects.map((name) => `--project=${name}`);
  if (changed) return ['run', '--changed', '--passWithNoTests', ...named];
  const isSource = (path) => /\.tsx?$/.test(path) && !/\.test\.tsx?$/.test(path) && statSync(join(root, path)).isFile();
  if (own.some(isSource)) return ['related', '--run', ...own, ...named];
  return ['run', ...own, ...named];
}

function browserArgs({ paths, projects, changed, project }) {
  if (changed) {
    const specs = changedFiles().filter((path) => /^e2e\/specs\/.*\.spec\.ts$/.test(path) && existsSync(path));
    return specs.length ? specs.map(specOf) : null;
  }
  const specs = paths.filter(isBrowserPath);
  if (specs.length === 0 && (paths.length > 0 || projects.length === 0)) return null;
  if (project.length > 0 && projects.length === 0) return null;
  return [...specs.filter((path) => path !== 'e2e').map(specOf), ...projects.map((name) => `--project=${name}`)];
}

const specOf = (path) => relative('e2e', path);

function changedFiles() {
  const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
  return [...git('diff', '--name-only', 'HEAD'), ...git('ls-files', '--others', '--exclude-standard')];
}

/** One run: what passed, what was left out and why, and where the time went. */
class Run {
  #reports;
  #wish;
  #totals = { passed: 0, failed: 0, skipped: 0 };
  #leftOut = new Map();
  #times = [];

  constructor({ reports, wish }) {
    this.#reports = reports;
    this.#wish = wish;
    this.env = {
      ...process.env,
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
    const waiting = [...checks];
    const work = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const [what, args] = next;
        const started = Date.now();
        const { status, output } = await overheard(args);
        process.stdout.write(`\n── ${what}\n${output}${outcome(what, status, started)}`);
        this.#add({ [status === 0 ? 'passed' : 'failed']: 1 });
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() }, work));
  }

  vitest(args) {
    const [report, leftOut] = [join(this.#reports, 'vitest.json'), join(this.#reports, 'left-out.json')];
    const reporters = ['--reporter=default', '--reporter=json', '--reporter=testing/left-out-reporter.ts'];
    const all = [binary('vitest', 'vitest.mjs'), ...args, ...reporters, `--outputFile=${report}`];
    const succeeded = this.#execute('tests in Node', all, { env: { ...this.env, PERFIT_LEFT_OUT: leftOut } });
    const { numPassedTests, numFailedTests, numPendingTests } = readReport(report) ?? {};
    this.#count(succeeded, { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests });
    for (const [reason, count] of Object.entries(readReport(leftOut) ?? {})) this.#leaveOut(reason, count);
  }

  playwright(args) {
    const report = join(this.#reports, 'playwright.json');
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

function overheard(args) {
  const child = spawn(process.execPath, args, { cwd: root });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => said.push(bytes));
  return new Promise((resolve) => {
    child.on('close', (status) => resolve({ status, output: Buffer.concat(said).toString() }));
  });
}

function outcome(what, status, started) {
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  return `── ${what}: ${status === 0 ? 'passed' : 'FAILED'} in ${seconds} s\n`;
}
