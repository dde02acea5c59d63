// What the command line of `npm test` asks for: see test.mjs.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root, SetupError } from './setup.mjs';

const VITEST_PROJECTS = ['unit', 'integration', 'fuzz', 'webgpu'];
const BROWSER_PROJECTS = ['chromium', 'firefox'];

/** @returns what of `checks`, `vitest` and `browser` is to run, the latter with their arguments */
export function readWish() {
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

function isBrowserPath(path) {
  return path === 'e2e' || path.startsWith('e2e/');
}

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

function specOf(path) {
  return relative('e2e', path);
}

function changedFiles() {
  const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
  return [...git('diff', '--name-only', 'HEAD'), ...git('ls-files', '--others', '--exclude-standard')];
}
