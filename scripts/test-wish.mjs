// What the command line of `npm test` asks for: see test.mjs.
import { existsSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { changedFiles, concerned } from './concerned-tests.mjs';
import { root, SetupError } from './setup.mjs';

const NODE_PROJECTS = ['unit', 'integration', 'fuzz', 'webgpu'];
/** Of Vitest as well, but in a browser. */
const COMPONENTS = 'components';
const BROWSER_PROJECTS = ['chromium', 'firefox'];
const PROJECTS = [...NODE_PROJECTS, COMPONENTS, ...BROWSER_PROJECTS];
const COMPONENT_TEST = /\.component\.test\.tsx$/;
/** Where components are. They import code of the protocol as well; of other rooms types alone. */
const PAGE = 'apps/web-client';

/**
 * @returns what is to run: `checks`, `vitest` and `components` as the arguments of each of Vitest's runs, `browser` as
 * Playwright's arguments or null; with `mayBeNone` it is no mistake where there is nothing, and `notes` are to be said at
 * the end
 */
export function readWish() {
  const { values, positionals } = readArguments();
  const seed = readSeed(values);
  const common = { seed, isLong: values.all, noSkips: values['no-skips'], mayBeNone: values.changed, notes: [] };
  if (!values.changed && positionals.length === 0 && values.project.length === 0) {
    return {
      ...common,
      checks: true,
      vitest: [['run', ...inNode([])]],
      components: [['run', ...only(COMPONENTS)]],
      browser: [],
    };
  }
  for (const name of values.project) {
    if (!PROJECTS.includes(name)) throw new SetupError(`There is no project ${name}: ${PROJECTS.join(', ')}.`);
  }
  const projects = {
    inNode: values.project.filter((name) => NODE_PROJECTS.includes(name)),
    hasComponents: values.project.includes(COMPONENTS),
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
    vitest: isAny || projects.inNode.length > 0 ? vitestRuns(ofNode(tests), inNode(projects.inNode), named) : [],
    components: isAny || projects.hasComponents ? vitestRuns(ofComponents(tests), only(COMPONENTS), named) : [],
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

function only(...projects) {
  return projects.map((name) => `--project=${name}`);
}

/** @param projects none is all of them */
function inNode(projects) {
  return projects.length > 0 ? only(...projects) : only(`!${COMPONENTS}`);
}

function ofNode({ tests, sources }) {
  return { tests: tests.filter((path) => !COMPONENT_TEST.test(path)), sources };
}

/** A browser is not started for what can be none of its own. */
function ofComponents({ tests, sources }) {
  const isWithin = (path, room) => `${path}/`.startsWith(`${room}/`);
  return {
    tests: tests.filter(
      (path) => COMPONENT_TEST.test(path) || (isFolder(path) && (isWithin(path, PAGE) || isWithin(PAGE, path))),
    ),
    sources: sources.filter((path) => [PAGE, 'packages/protocol'].some((room) => isWithin(path, room))),
  };
}

/** Named tests, and those that import a source, which Vitest runs one way or the other. @param ofProjects its options */
function vitestRuns({ tests, sources }, ofProjects, named) {
  if (!named) return [['run', ...ofProjects]];
  return [
    ...(tests.length > 0 ? [['run', '--passWithNoTests', ...tests, ...ofProjects]] : []),
    ...(sources.length > 0 ? [['related', '--run', '--passWithNoTests', ...sources, ...ofProjects]] : []),
  ];
}

function browserArgs({ specs }, projects, named) {
  const ofProjects = projects.map((name) => `--project=${name}`);
  if (!named) return projects.length > 0 ? ofProjects : null;
  if (specs.length === 0) return null;
  const paths = specs
    .filter((path) => path !== 'e2e')
    .map((path) => relative('e2e', path) + (isFolder(path) ? '/' : ''));
  return [...paths, ...ofProjects];
}

function isFolder(path) {
  return statSync(join(root, path)).isDirectory();
}
