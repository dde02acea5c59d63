// What is checked without running the product: one process each, `npm test` runs them side by side.
import { join } from 'node:path';
import { root } from './setup.mjs';

/** Each with types of its own. */
export const rooms = [
  'packages/protocol',
  'packages/federation',
  'packages/perfit-core',
  'packages/bench',
  'packages/testkit',
  'apps/coordinator',
  'apps/cli',
  'apps/web-client',
  'e2e',
  'testing',
];

/** @returns name and arguments for `node`, the longest first */
export function staticChecks() {
  return [
    ['format and lint', [binary('@biomejs/biome', 'bin/biome'), 'ci', '--error-on-warnings', '.']],
    ...rooms.map((room) => [`types of ${room}`, [binary('typescript', 'bin/tsc'), '--noEmit', '-p', room]]),
    ['dead code', [binary('knip', 'bin/knip.js'), '--treat-config-hints-as-errors']],
    ['documents', [join(root, 'scripts/check-docs.mjs')]],
    ['words', [join(root, 'scripts/check-words.mjs')]],
    ['versions of Node', [join(root, 'scripts/check-engines.mjs')]],
    ['places of tests', [join(root, 'scripts/check-test-places.mjs')]],
    ['import boundaries', [join(root, 'scripts/check-boundaries.mjs')]],
    ['size of the first load', [join(root, 'scripts/check-bundle.mjs')]],
  ];
}

/** @returns the path of a file in an installed package of the root */
export function binary(name, file) {
  return join(root, 'node_modules', name, file);
}
