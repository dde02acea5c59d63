// Where tests lie: that of one module beside it, under its name; every other in its room's `test/`, under the name of no
// module. Prints each test that lies elsewhere and fails. Plain JavaScript without dependencies.
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const TEST = /\.test\.tsx?$/;
const MODULE = /\.(tsx?|mjs|js)$/;

checkTheCheck();
const files = ['apps', 'packages', 'scripts', 'testing'].flatMap((place) => filesBelow(place));
const tests = files.filter((file) => TEST.test(file));
if (!tests.length) throw new Error('no tests were found: the check checked nothing');
const misplaced = misplacedOf(files);
for (const text of misplaced) process.stdout.write(`${text}\n`);
process.stdout.write(`${tests.length} tests checked, ${misplaced.length} misplaced\n`);
process.exitCode = misplaced.length ? 1 : 0;

/** @param paths from the root, of tests and modules */
function misplacedOf(paths) {
  const modules = paths.filter((path) => MODULE.test(path) && !TEST.test(path));
  const known = new Set(modules.map(nameOf));
  return paths.flatMap((path) => {
    if (!TEST.test(path)) return [];
    const [, room] = /^((?:apps|packages)\/[^/]+)\/test\//.exec(path) ?? [];
    if (!room) {
      return known.has(nameOf(path)) ? [] : [`${path}: there is no module of that name beside it: see CONTRIBUTING.md`];
    }
    const own = modules.filter((module) => module.startsWith(`${room}/src/`));
    const tested = own.find((module) => basename(nameOf(module)) === basename(nameOf(path)));
    return tested ? [`${path}: it lies beside ${tested}, or has a name of its own: see CONTRIBUTING.md`] : [];
  });
}

/** Folder and name, without endings: the same of a module and of the tests that bear its name. */
function nameOf(path) {
  return join(dirname(path), basename(path).split('.')[0]);
}

/** A check that finds nothing would look just like tests in their places. */
function checkTheCheck() {
  const source = 'packages/a/src/b/x.ts';
  const wrong = ['packages/a/src/x.test.ts', 'packages/a/src/b/y.webgpu.test.ts', 'packages/a/test/x.test.ts'];
  const right = ['packages/a/src/b/x.test.ts', 'packages/a/src/b/x.fuzz.test.tsx', 'packages/a/test/c/y.test.ts'];
  const found = misplacedOf([source, ...wrong, ...right]);
  if (found.length !== wrong.length || !wrong.every((path, i) => found[i].startsWith(`${path}:`))) {
    throw new Error(`the check is broken: of what is misplaced it finds ${found.join('; ') || 'nothing'}`);
  }
}

function filesBelow(place) {
  return readdirSync(join(root, place), { withFileTypes: true }).flatMap((entry) => {
    if (['node_modules', 'dist'].includes(entry.name)) return [];
    const path = join(place, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}
