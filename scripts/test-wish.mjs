// What the command line of `npm test` asks for: see test.mjs.
import { existsSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { changedFiles, concerned } from './concerned-tests.mjs';
import { root, SetupError } from './setup.mjs';

const VITEST_PROJECTS = ['unit', 'integration', 'fuzz', 'webgpu'];
const BROWSER_PROJECTS = ['chromium', 'firefox'];

/**
 * @returns what is to run: `checks`, `vitest` as the arguments of each of its runs, `browser` as Playwright's arguments or
 * null; with `mayBeNone` it is no mistake where there is nothing, and `notes` are to be said at the end
 */
export function readWish() {
  const { values, positionals } = readArguments();
  const seed = readSeed(values);
  const common = { seed, isLong: values.all, noSkips: values['no-skips'], mayBeNone: values.changed, notes: [] };
  if (!values.changed && positionals.length === 0 && values.project.length === 0) {
    return { ...common, checks: true, vitest: [['run']], browser: [] };
  }
  for (const name of values.project) {
    if (![...VITEST_PROJECTS, ...BROWSER_PROJECTS].includes(name)) {
      throw new SetupError(`There is no project ${name}: ${[...VITEST_PROJECTS, ...BROWSER_PROJECTS].join(', ')}.`);
    }
  }
  const projects = {
    inNode: values.project.filter((name) => VITEST_PROJECTS.includes(name)),
    inBrowsers: values.project.filter((name) => BROWSER_PROJECTS.includes(name)),
  };
  const isAny = values.project.length === 0;
  const paths = values.changed ? changedFiles() : positionals.map(inRoot);
  const named = values.changed || paths.length > 0;
  const { notes, ...tests } = concerned(paths);
  return {
    ...common,
    notes: values.changed ? notes : [],
    checks: false,
    vitest: isAny || projects.inNode.length > 0 ? vitestRuns(tests, projects.inNode, named) : [],
    browser: isAny || projects.inBrowsers.length > 0 ? browserArgs(tests, projects.inBrowsers, named) : null,
  };
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        all: { type: 'boolean', default: false },
        changed: { type: 'boolean', default: false },
        project: { type: 'string', multiple: true, default: [] },
        seed: { type: 'string' },
        'no-skips': { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new SetupError(`${error.message.split('. ')[0]}. What npm test takes stands at the top of scripts/test.mjs.`);
  }
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

/** Named tests, and those that import a source, which Vitest runs one way or the other. */
function vitestRuns({ tests, sources }, projects, named) {
  const ofProjects = projects.map((name) => `--project=${name}`);
  if (!named) return projects.length > 0 ? [['run', ...ofProjects]] : [];
  return [
    ...(tests.length > 0 ? [['run', '--passWithNoTests', ...tests, ...ofProjects]] : []),
    ...(sources.length > 0 ? [['related', '--run', '--passWithNoTests', ...sources, ...ofProjects]] : []),
  ];
}

function browserArgs({ specs }, projects, named) {
  const ofProjects = projects.map((name) => `--project=${name}`);
  if (!named) return projects.length > 0 ? ofProjects : null;
  if (specs.length === 0) return null;
  const isFolder = (path) => statSync(join(root, path)).isDirectory();
  const paths = specs
    .filter((path) => path !== 'e2e')
    .map((path) => relative('e2e', path) + (isFolder(path) ? '/' : ''));
  return [...paths, ...ofProjects];
}
