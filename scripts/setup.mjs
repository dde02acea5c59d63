// Makes a fresh clone ready: dependencies, browser, built web client. Each step is skipped where it is done already.
// Plain JavaScript without dependencies, because it runs before anything is installed.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isWebClientInput, webClientPlaces } from './web-client-inputs.mjs';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const PNPM = 'pnpm@12.21.0';
const MINIMUM_NODE = [20, 19];

/** A failure that has been explained: print the sentence, not a stack. */
export class SetupError extends Error {}

const say = (text) => process.stderr.write(`setup: ${text}\n`);

export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1])) return;
  throw new SetupError(`Node ${MINIMUM_NODE.join('.')} or newer is needed; this is ${process.versions.node}.`);
}

/** Runs a command and shows its output only where it fails. */
function run(what, command, args, options = {}) {
  const started = Date.now();
  say(`${what} …`);
  const shell = process.platform === 'win32';
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, shell, ...options });
  if (result.status !== 0) {
    const output = `${result.stdout ?? ''}${result.stderr ?? ''}`.trim().split('\n').slice(-40).join('\n');
    throw new SetupError(`${what} failed (${command} ${args.join(' ')}):\n${result.error?.message ?? output}`);
  }
  say(`${what}: done in ${Math.round((Date.now() - started) / 1000)} s`);
}

/** Runs `work` unless its outcome is there and the stamp says that it was made from the same inputs. */
function once(stampName, { fingerprint, outcome }, work) {
  const stamp = join(root, 'node_modules', '.perfit', stampName);
  if (existsSync(outcome) && existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) return;
  work();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, fingerprint);
}

export function ensureDependencies() {
  checkNode();
  const manifests = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml'].map((file) => join(root, file));
  for (const room of ['apps', 'packages']) {
    for (const name of readdirSync(join(root, room))) manifests.push(join(root, room, name, 'package.json'));
  }
  manifests.push(join(root, 'e2e', 'package.json'));
  const fingerprint = fingerprintOf(manifests.filter(existsSync), process.version);
  once('dependencies', { fingerprint, outcome: join(root, 'node_modules', '.pnpm') }, () => {
    // pnpm comes from npm's own cache, so that Node and npm are all that a machine must have.
    run('installing dependencies', 'npm', [
      'exec',
      '--yes',
      `--package=${PNPM}`,
      '--',
      'pnpm',
      'install',
      '--frozen-lockfile',
    ]);
  });
  ensurePrograms();
}

/** Compiles our programs for the processor where their sources changed: everything else imports them. */
function ensurePrograms() {
  const room = join(root, 'packages', 'perfit-core');
  const sources = [...filesBelow(join(room, 'assembly')), join(room, 'build-programs.mjs')];
  const fingerprint = fingerprintOf(sources, '');
  once('programs', { fingerprint, outcome: join(room, 'src', 'wasm', 'compiled.ts') }, () => {
    run('compiling the programs for the processor', process.execPath, ['build-programs.mjs'], { cwd: room });
  });
}

/**
 * What lefthook.yml says runs before a commit from now on. Not where nobody commits; and where it cannot be set up,
 * everything else still can.
 */
export function ensureHooks() {
  if (process.env.CI || !existsSync(join(root, '.git'))) return;
  const git = spawnSync('git', ['rev-parse', '--path-format=absolute', '--git-path', 'hooks/pre-commit'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (git.status !== 0) return;
  try {
    const lefthook = createRequire(join(root, 'package.json')).resolve('lefthook/bin/index.js');
    const fingerprint = fingerprintOf([join(root, 'lefthook.yml')], '');
    once('hooks', { fingerprint, outcome: git.stdout.trim() }, () => {
      run('setting the git hooks up', process.execPath, [lefthook, 'install']);
    });
  } catch (error) {
    say(`there are no git hooks: ${error.message}`);
  }
}

/** Builds the web client where its sources changed since the last build. */
export function ensureWebClient() {
  const room = join(root, 'apps', 'web-client');
  const sources = webClientPlaces
    .flatMap((place) => filesBelow(join(root, place)))
    .filter((file) => isWebClientInput(relative(root, file).replaceAll(sep, '/')));
  const outcome = join(room, 'dist', 'index.html');
  once('web-client', { fingerprint: fingerprintOf(sources, ''), outcome }, () => {
    const vite = createRequire(join(room, 'package.json')).resolve('vite/package.json');
    run('building the web client', process.execPath, [join(dirname(vite), 'bin', 'vite.js'), 'build'], { cwd: room });
  });
}

/** Compiles the command line where its sources changed since the last time. */
export function ensureCommandLine() {
  const sources = ['apps/cli', 'apps/coordinator', 'packages', 'pnpm-lock.yaml']
    .flatMap((place) => filesBelow(join(root, place)))
    .filter((file) => /\.(tsx?|mjs|json|yaml)$/.test(file) && !/\.test\.|\/(test|drizzle)\//.test(file));
  // What is compiled names libraries by their place on this disk.
  const fingerprint = fingerprintOf(sources, `${process.version} ${root}`);
  once('command-line', { fingerprint, outcome: compiledCommandLine }, () => {
    run('compiling the command line', process.execPath, ['--experimental-import-meta-resolve', 'compile.mjs'], {
      cwd: join(root, 'apps', 'cli'),
    });
  });
}

const compiledCommandLine = join(root, 'apps', 'cli', 'dist', 'perfit.mjs');

/** Arguments for `node` that run `perfit`. */
export function perfit(...args) {
  return ['--enable-source-maps', compiledCommandLine, ...args];
}

/**
 * The browser for tests and demo: PERFIT_BROWSER, one on the PATH, Playwright's own, else installed:
 * Debian's chromium by apt where this is root, otherwise Playwright's download.
 * @returns the executable's path
 */
export function ensureBrowser() {
  const found = findBrowser();
  if (found) return found;
  if (mayUseApt()) {
    run('installing chromium', 'sh', ['-c', APT_COMMAND], { env: APT_ENVIRONMENT });
  } else {
    run("downloading Playwright's Chromium", process.execPath, [playwrightCli(), 'install', 'chromium']);
  }
  return installedBrowser();
}

/**
 * The same while other things are done: apt waits for the network and the disk, and needs nothing that is installed
 * here. Whatever else there is to do comes when the promise is waited for.
 * @returns a function that waits for it, and gives the executable's path
 */
export function beginBrowser() {
  if (findBrowser() || !mayUseApt()) return ensureBrowser;
  const started = Date.now();
  say('installing chromium, meanwhile …');
  // Into a file: nobody empties a pipe while this process waits for the other steps.
  const log = join(mkdtempSync(join(tmpdir(), 'perfit-apt-')), 'log');
  const output = openSync(log, 'w');
  const child = spawn('sh', ['-c', APT_COMMAND], { env: APT_ENVIRONMENT, stdio: ['ignore', output, output] });
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (status) => resolve(status));
  });
  return async () => {
    const status = await ended;
    closeSync(output);
    const said = readFileSync(log, 'utf8').trim().split('\n').slice(-40).join('\n');
    rmSync(dirname(log), { recursive: true });
    if (status !== 0) throw new SetupError(`installing chromium failed (${status}; ${APT_COMMAND}):\n${said}`);
    say(`installing chromium: done in ${Math.round((Date.now() - started) / 1000)} s`);
    return installedBrowser();
  };
}

const BROWSER_NAMES = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'chrome',
  'microsoft-edge',
];
const APT_ENVIRONMENT = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
const APT_COMMAND = 'apt-get update -q && apt-get install -y -q --no-install-recommends chromium';

function mayUseApt() {
  return process.platform === 'linux' && process.getuid?.() === 0 && onPath(['apt-get']) !== null;
}

function installedBrowser() {
  const installed = findBrowser();
  if (installed) return installed;
  throw new SetupError(
    'No Chromium was found and none could be installed. Install Chromium or Chrome, or name one: PERFIT_BROWSER=/path/to/chrome.',
  );
}

function findBrowser() {
  const named = process.env.PERFIT_BROWSER;
  if (named) {
    if (isExecutable(named)) return named;
    throw new SetupError(`PERFIT_BROWSER names ${named}, which is not an executable file.`);
  }
  const places = [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ];
  return onPath(BROWSER_NAMES) ?? places.find(isExecutable) ?? playwrightBrowser();
}

function playwrightBrowser() {
  const script = "import { chromium } from 'playwright'; process.stdout.write(chromium.executablePath());";
  const result = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: join(root, 'e2e'),
    encoding: 'utf8',
  });
  return result.status === 0 && isExecutable(result.stdout) ? result.stdout : null;
}

export function playwrightCli() {
  return join(dirname(createRequire(join(root, 'e2e', 'package.json')).resolve('playwright/package.json')), 'cli.js');
}

function onPath(names) {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd'] : [''];
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      for (const ending of endings) {
        const path = join(folder, name + ending);
        if (folder && isExecutable(path)) return path;
      }
    }
  }
  return null;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function filesBelow(place) {
  if (!statSync(place).isDirectory()) return [place];
  return readdirSync(place, { withFileTypes: true }).flatMap((entry) => {
    if (['node_modules', 'dist'].includes(entry.name)) return [];
    const path = join(place, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

function fingerprintOf(files, salt) {
  const hash = createHash('sha256').update(salt);
  for (const file of files.sort()) hash.update(relative(root, file)).update('\0').update(readFileSync(file));
  return hash.digest('hex');
}

/**
 * A driver for WebGPU in Node: the machine's own, or the one of a Chromium, which is installed where there is neither.
 * Which one is used is decided in perfit-core, by the process that uses it.
 */
export async function ensureWebGpu() {
  const { tsImport } = await import('tsx/esm/api');
  const place = pathToFileURL(join(root, 'packages/perfit-core/src/node/webgpu-driver.ts')).href;
  const { findWebGpuDriver } = await tsImport(place, import.meta.url);
  if ((await findWebGpuDriver()).adapter === 'none') ensureBrowser();
}

/** Arguments for `node` that run a TypeScript file of one room. */
export function typescript(room, file) {
  const loader = createRequire(join(root, 'package.json')).resolve('tsx');
  return ['--import', pathToFileURL(loader).href, join(root, room, file)];
}

/** Runs `main` and turns an explained failure into one sentence and exit code 1. */
export async function runScript(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

/** Runs a child in the foreground, passing signals on. @returns its exit code */
export async function foreground(args, options = {}) {
  const child = spawn(process.execPath, args, { stdio: 'inherit', ...options });
  // The terminal sends Ctrl-C to the whole group: the child decides when it is done.
  const pass = (signal) => child.kill(signal);
  process.on('SIGTERM', pass);
  process.on('SIGINT', () => {});
  return new Promise((resolve) => child.on('exit', (code, signal) => resolve(code ?? (signal ? 1 : 0))));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runScript(() => {
    ensureDependencies();
    ensureHooks();
    ensureWebClient();
    say(`browser: ${ensureBrowser()}`);
  });
}
