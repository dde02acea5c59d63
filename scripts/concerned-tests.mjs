// Which tests a file concerns: a test itself, those that import a source, those that run what is made of it.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { root } from './setup.mjs';

const CODE = /\.(tsx?|mjs|js)$/;
const TEST = /\.test\.tsx?$/;
const SPEC = /\.spec\.ts$/;

/** What is tested by what is made of it, and not by an import: the tests run the compiled file, or a process. */
const MADE_OF = [
  { source: /^packages\/perfit-core\/assembly\//, imported: 'packages/perfit-core/src/wasm/compiled.ts' },
  { source: /^apps\/cli\/(src\/|compile\.mjs$)/, tests: 'apps/cli/test' },
];

/** A change there may change every test. */
const EVERYTHING = /(^|\/)(package\.json|pnpm-lock\.yaml|vite(st)?\.config\.ts|tsconfig(\.base)?\.json)$/;

/**
 * @param paths from the root, of files and folders
 * @returns tests of Vitest and of the browsers, and sources whose importers are to be found; with a sentence about what is
 * left out
 */
export function concerned(paths) {
  const found = { tests: new Set(), sources: new Set(), specs: new Set() };
  const notes = new Set();
  for (const path of paths) {
    if (EVERYTHING.test(path)) for (const folder of ['apps', 'packages', 'scripts']) found.tests.add(folder);
    if (isFolder(path) || TEST.test(path)) {
      if (!isOfBrowsers(path)) found.tests.add(path);
      else found.specs.add(path);
      continue;
    }
    if (isOfBrowsers(path)) for (const spec of specsThatImport(path)) found.specs.add(spec);
    else if (CODE.test(path)) addSource(path, found);
    if (path.startsWith('apps/web-client/src/')) {
      notes.add('No browser test is among them, which the web client has: npm test -- e2e/specs/NAME.spec.ts');
    }
  }
  return { ...mapped(found), notes: [...notes] };
}

function mapped(sets) {
  return Object.fromEntries(Object.entries(sets).map(([name, set]) => [name, [...set]]));
}

function addSource(path, { tests, sources }) {
  const made = MADE_OF.filter(({ source }) => source.test(path));
  for (const { tests: folder } of made) if (folder) tests.add(folder);
  for (const { imported } of made) if (imported) sources.add(imported);
  if (!made.some(({ imported }) => imported)) sources.add(path);
}

function isFolder(path) {
  return statSync(join(root, path)).isDirectory();
}

function isOfBrowsers(path) {
  return path === 'e2e' || path.startsWith('e2e/');
}

/** A spec, or those that import a file, by however many steps. */
function specsThatImport(path) {
  if (SPEC.test(path)) return [path];
  if (!CODE.test(path)) return [];
  const importers = new Map();
  for (const file of readdirSync(join(root, 'e2e'), { recursive: true })) {
    if (!CODE.test(file) || file.includes('node_modules')) continue;
    const text = readFileSync(join(root, 'e2e', file), 'utf8');
    for (const [, specifier] of text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)) {
      const target = relative(root, resolve(root, 'e2e', dirname(file), specifier));
      importers.set(target, [...(importers.get(target) ?? []), join('e2e', file)]);
    }
  }
  const seen = new Set([path]);
  for (const file of seen) for (const importer of importers.get(file) ?? []) seen.add(importer);
  return [...seen].filter((file) => SPEC.test(file));
}

/** Since the last commit, of those that are still there; paths from the root. */
export function changedFiles() {
  const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
  const changed = [...git('diff', '--name-only', 'HEAD'), ...git('ls-files', '--others', '--exclude-standard')];
  return changed.filter((path) => existsSync(join(root, path)));
}
