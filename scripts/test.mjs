// `npm test`: every check of the project, one after the other; the last line counts them.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  checkNode,
  ensureBrowser,
  ensureDependencies,
  ensureWebClient,
  playwrightCli,
  root,
  runScript,
} from './setup.mjs';

const reports = mkdtempSync(join(tmpdir(), 'perfit-test-'));

await runScript(async () => {
  checkNode();
  ensureDependencies();
  ensureWebClient();
  const browser = ensureBrowser();
  const bin = (name, file) =>
    join(dirname(createRequire(join(root, 'package.json')).resolve(`${name}/package.json`)), file);
  const rooms = [
    'packages/protocol',
    'packages/federation',
    'packages/perfit-core',
    'apps/coordinator',
    'apps/cli',
    'apps/web-client',
    'e2e',
  ];

  const totals = { passed: 0, failed: 0, skipped: 0 };
  const add = ({ passed, failed, skipped }) => {
    totals.passed += passed;
    totals.failed += failed;
    totals.skipped += skipped;
  };
  const checks = [
    ['format and lint', [bin('@biomejs/biome', 'bin/biome'), 'ci', '--error-on-warnings', '.']],
    ['import boundaries', [join(root, 'scripts/check-boundaries.mjs')]],
    ['size of the first load', [join(root, 'scripts/check-bundle.mjs')]],
    ...rooms.map((room) => [`types of ${room}`, [bin('typescript', 'bin/tsc'), '--noEmit', '-p', room]]),
  ];
  for (const succeeded of await sideBySide(checks)) add(one(succeeded ? 'passed' : 'failed'));

  const unitReport = join(reports, 'unit.json');
  const unitArgs = [
    bin('vitest', 'vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile=${unitReport}`,
  ];
  add(counts(execute('unit and contract tests', unitArgs), unitReport, countVitest));

  const browserReport = join(reports, 'browser.json');
  const env = { ...process.env, PERFIT_BROWSER: browser, PLAYWRIGHT_JSON_OUTPUT_NAME: browserReport };
  const browserArgs = [playwrightCli(), 'test', '--reporter=list,json'];
  add(counts(execute('browser tests', browserArgs, { cwd: join(root, 'e2e'), env }), browserReport, countPlaywright));

  rmSync(reports, { recursive: true, force: true });
  const skipped = totals.skipped ? `, ${totals.skipped} skipped` : '';
  process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed${skipped}\n`);
  return totals.failed ? 1 : 0;
});

function execute(what, args, options = {}) {
  process.stdout.write(`\n── ${what}\n`);
  const started = Date.now();
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', ...options });
  process.stdout.write(outcome(what, status, started));
  return status === 0;
}

/** Checks that use one core each, as many at a time as there are cores; each says what it has to say when it is done. */
async function sideBySide(checks) {
  const succeeded = [];
  const waiting = [...checks.entries()];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [place, [what, args]] = next;
      const started = Date.now();
      const { status, output } = await overheard(args);
      process.stdout.write(`\n── ${what}\n${output}${outcome(what, status, started)}`);
      succeeded[place] = status === 0;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return succeeded;
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

/** A runner that fails without a failed test (a file that does not load, no report) still counts as one failure. */
function counts(succeeded, reportFile, count) {
  const counted = existsSync(reportFile) ? count(JSON.parse(readFileSync(reportFile, 'utf8'))) : one('failed');
  if (succeeded || counted.failed) return counted;
  return { ...counted, failed: 1 };
}

function countVitest(report) {
  return { passed: report.numPassedTests, failed: report.numFailedTests, skipped: report.numPendingTests };
}

function countPlaywright({ stats }) {
  return { passed: stats.expected + stats.flaky, failed: stats.unexpected, skipped: stats.skipped };
}

function one(outcome) {
  return { passed: 0, failed: 0, skipped: 0, [outcome]: 1 };
}
