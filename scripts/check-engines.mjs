// Whether every package of the lockfile says that it runs on the oldest Node that we promise and on the one that we
// ship (.nvmrc, which is the image's). Prints each that does not and fails.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import semver from 'semver';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const read = (name) => readFileSync(join(root, name), 'utf8');

const versions = [semver.minVersion(JSON.parse(read('package.json')).engines.node).version, read('.nvmrc').trim()];

checkTheCheck();
const packages = enginesIn(read('pnpm-lock.yaml'));
const misfits = packages.filter(({ node }) => refusing(node).length);
for (const { name, node } of misfits) {
  process.stdout.write(`${name} needs Node ${node}, which is not ${refusing(node).join(' and not ')}\n`);
}
process.stdout.write(
  `${packages.length} packages speak of Node, ${misfits.length} do not run on ${versions.join(' or ')}\n`,
);
process.exitCode = misfits.length ? 1 : 0;

/** @returns those of our versions that a range does not admit */
function refusing(range) {
  // What cannot be read admits nothing: somebody should look at it.
  return versions.filter((version) => !semver.satisfies(version, range));
}

/** @returns what each package says; pnpm writes `engines` as one line below the line with the package's name */
function enginesIn(lockfile) {
  const found = [];
  let name = null;
  for (const line of lockfile.split('\n')) {
    const [, key] = /^ {2}'?([^\s'][^']*?)'?:$/.exec(line) ?? [];
    if (key) name = key;
    const [, engines] = /^ {4}engines: \{(.*)\}$/.exec(line) ?? [];
    if (!engines && line.includes('engines:')) throw new Error(`the check is out of date: it cannot read "${line}"`);
    const [, quoted, plain] = /(?:^|, )node: (?:'([^']*)'|([^,]*))/.exec(engines ?? '') ?? [];
    if (quoted ?? plain) found.push({ name, node: quoted ?? plain });
  }
  return found;
}

/** A reading that finds nothing would look just like packages that all fit. */
function checkTheCheck() {
  const lines = [
    'packages:',
    '',
    "  '@some/new@1.0.0':",
    "    engines: {node: '>=22'}",
    '  some-old@1.0.0:',
    "    engines: {iojs: '>=1.0.0', node: ^18.0.0 || ^22.0.0}",
    '  some-odd@1.0.0:',
    "    engines: {node: '>=a', npm: '>=2'}",
    '  some-good@1.0.0:',
    '    engines: {node: ^20.19.0 || >=22.12.0}',
    '  some-other@1.0.0:',
    "    engines: {bare: '>=1.20.0'}",
  ];
  const found = enginesIn(lines.join('\n'));
  const wrong = found.filter(({ node }) => refusing(node).length).map(({ name }) => name);
  if (found.length !== 4 || wrong.join() !== '@some/new@1.0.0,some-old@1.0.0,some-odd@1.0.0') {
    throw new Error(`the check is broken: of known packages it finds ${wrong.join(', ') || 'none'} wrong`);
  }
  if (enginesIn(read('pnpm-lock.yaml')).length < 100) {
    throw new Error('the check is broken: it finds hardly any engines in pnpm-lock.yaml');
  }
}
