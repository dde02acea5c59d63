// Who may import whom: the table of docs/architecture.md, enforced. Prints each breach and fails.
// Cycles and `export *` are Biome's to find; undeclared dependencies are pnpm's.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'oxc-parser';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// Its parts, never the umbrella, which brings backends to fall back to without a word.
const TFJS = /^@tensorflow\/tfjs-/;
const NODE = /^node:/;

/** Of the core, what opens a model where nothing computes, with all that it imports. */
const OF_FILES = `(${[
  'files',
  'adapter/module-name',
  'coded-error',
  'model/(config|expected-tensors|model-error)',
  'node/(model-at|directory-source|template-look|within-time)',
  'text/((bounded|chat)-template|example|read-tokenizer-files|template-date|template-notes|tokenizer-files)',
  'training/(learning-rate|recipes)',
  'weights/(?!.*\\.test\\.ts$).*',
].join('|')})\\.ts$`;
const FILES = new RegExp(`^src/${OF_FILES}`);
const NO_BACKEND = 'a model is opened where nothing computes, too';

/** What each room's sources may import from outside themselves; `also` widens it for some of its files, `types` for `import type`. */
const rooms = {
  'packages/protocol': { may: ['zod'] },
  'packages/federation': {
    may: ['@perfit/protocol', '@perfit/protocol/space', '@perfit/protocol/tuner', 'ml-matrix'],
    also: [{ files: /^test\/compile-kernel\.ts$/, may: ['wabt'] }],
    inside: [
      { files: /^src\/coordinator\//, mayNot: /^src\/(client|simulation)\//, why: 'a coordinator knows no client' },
      { files: /^src\/client\//, mayNot: /^src\/(coordinator|simulation)\//, why: 'a client knows no coordinator' },
      {
        files: /^src\/(aggregation|round|strategy)\//,
        mayNot: /^src\/(client|coordinator|simulation)\//,
        why: 'rules know nobody who plays by them',
      },
    ],
  },
  'packages/perfit-core': {
    may: [
      '@perfit/protocol/space',
      '@perfit/protocol/tuner',
      TFJS,
      '@huggingface/tokenizers',
      '@huggingface/jinja',
      /^@noble\/hashes/,
      'papaparse',
    ],
    also: [
      { files: /^src\/node\//, may: [NODE, 'webgpu'] },
      // Loaded when somebody asks the Hub for a model, and not before.
      { files: /^src\/weights\/hub-api\.ts$/, may: ['@huggingface/hub'] },
    ],
    // `@perfit/core/files`: what a coordinator reads of models, without a backend.
    inside: [
      {
        files: FILES,
        mayNot: new RegExp(`^src/(?!${OF_FILES})`),
        why: NO_BACKEND,
      },
    ],
    without: [{ files: FILES, mayNot: TFJS, why: NO_BACKEND }],
  },
  // What tests of several rooms share: tests import it, and it imports the rooms whose parts it plays.
  'packages/testkit': {
    may: [
      NODE,
      'vitest',
      'pino',
      'socket.io-client',
      '@perfit/protocol',
      '@perfit/protocol/space',
      '@perfit/protocol/tuner',
      '@perfit/federation',
      '@perfit/federation/coordinator',
    ],
    also: [{ files: /^src\/coordinator\//, may: ['@perfit/coordinator', '@perfit/coordinator/database'] }],
  },
  // What nobody needs who tunes.
  'packages/bench': { may: ['@perfit/protocol/space', '@perfit/core', '@perfit/core/programs', TFJS] },
  'apps/coordinator': {
    may: [
      NODE,
      'zod',
      '@perfit/protocol',
      '@perfit/protocol/space',
      '@perfit/federation',
      '@perfit/federation/coordinator',
      '@perfit/core/files',
      '@electric-sql/pglite',
      /^@fastify\//,
      'fastify',
      /^drizzle-orm/,
      'jose',
      'pg',
      'pino',
      'prom-client',
      'rate-limiter-flexible',
      'socket.io',
      'tar-stream',
    ],
    also: [{ files: /^test\//, may: ['memfs', '@perfit/protocol/admin'] }],
  },
  'apps/cli': {
    may: [
      NODE,
      'zod',
      'commander',
      'pino',
      'socket.io-client',
      'vega',
      'vega-lite',
      'yaml',
      '@perfit/protocol',
      '@perfit/protocol/admin',
      '@perfit/protocol/space',
      '@perfit/federation',
      '@perfit/bench',
      '@perfit/core',
      '@perfit/core/node',
      '@perfit/coordinator',
    ],
    also: [
      // Runs a person's own TypeScript.
      { files: /^src\/own-strategy\.ts$/, may: ['tsx/esm/api'] },
      // Other libraries run next to ours, to be compared with and for nothing else.
      { files: /^src\/bench\/against-jax\.ts$/, may: ['@jax-js/jax'] },
      { files: /^src\/stock-tfjs\//, may: ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-webgpu'] },
    ],
  },
  'apps/web-client': {
    may: [
      'zod',
      '@perfit/protocol',
      '@perfit/protocol/admin',
      '@perfit/protocol/space',
      /^react(-dom)?(\/|$)/,
      /^@mantine\//,
      /^@tanstack\//,
      'zustand',
      /^uplot/,
      /^uqr$/,
      'comlink',
      'get-nonce',
      'idb',
      'socket.io-client',
      // The words that people read, in the language of the build.
      /^#strings\/[a-z-]+\.ts$/,
    ],
    also: [
      // What the build adds, not what a browser runs.
      { files: /^build\//, may: [NODE, 'vite'] },
      // The worker: the only place of the client that may know tensors and the client's loop.
      {
        files: /^src\/engine\//,
        may: ['@perfit/federation', '@perfit/bench', '@perfit/core', '@perfit/core/thread', TFJS],
      },
      // Components in a browser, each through its states.
      {
        files: /(^test\/|\.component\.test\.tsx$)/,
        may: ['vitest/browser', 'axe-core'],
      },
      // What the page knows of strategies is held against the strategies.
      { files: /^src\/shared\/federation\/.*\.test\.ts$/, may: ['@perfit/federation'] },
    ],
    // What the worker tells is typed where it is made; of code nothing comes along.
    types: [{ files: /^src\/contract\//, may: ['@perfit/federation', '@perfit/bench', '@perfit/core'] }],
    inside: [
      {
        files: /^src\/contract\//,
        mayNot: /^src\/(?!contract\/)/,
        why: 'what page and worker agree on knows neither of them',
      },
      {
        files: /^src\/engine\//,
        mayNot: /^src\/(?!engine\/|contract\/|shared\/format\/)/,
        why: 'the worker knows nothing of the page',
      },
      {
        files: /^src\/(?!engine\/)/,
        mayNot: /^src\/engine\//,
        why: 'the page knows the worker only by src/contract',
      },
      { files: /^src\/shared\//, mayNot: /^src\/(features|app)\//, why: 'shared code knows no feature' },
      { files: /^src\/shared\/format\//, mayNot: /^src\/(?!shared\/format\/)/, why: 'the worker formats, too' },
      {
        files: /^src\/strings\//,
        mayNot: /^src\/(?!strings\/|contract\/|shared\/(format\/|federation\/|ui\/question\.ts$))/,
        why: 'words know nobody who shows them',
      },
      { files: /^src\/features\//, mayNot: /^src\/app\//, why: 'features point one way: shared, features, app' },
    ],
    without: [
      {
        files: /^src\/(contract|engine|shared\/(format|federation))\/(?!.*\.test\.ts$)/,
        mayNot: /^#strings\//,
        why: 'words are what the page shows: the worker tells codes, and words are made of what is here',
      },
    ],
    separate: /^src\/features\/([^/]+)\//,
  },
  e2e: {
    may: [
      NODE,
      'zod',
      'axe-core',
      'commander',
      /^playwright(\/|$)/,
      '@huggingface/gguf',
      '@perfit/protocol',
      '@perfit/protocol/admin',
    ],
    // What all tests of the project share.
    outside: [
      { files: /^specs\//, may: /^\.\.\/testing\// },
      { files: /^global-setup\.ts$/, may: /^\.\.\/scripts\/setup\.mjs$/ },
    ],
  },
  testing: {
    may: [NODE, 'vitest', 'vitest/node', 'fast-check'],
    outside: [{ files: /^global-setup\.ts$/, may: /^\.\.\/(packages\/perfit-core\/src\/node\/|scripts\/setup\.mjs$)/ }],
  },
};
/** What tests may import on top of their room. */
const forTests = [
  'vitest',
  'fast-check',
  NODE,
  'zod',
  'socket.io-client',
  'fake-indexeddb/auto',
  'dockerfile-ast',
  '@perfit/core/node',
  '@perfit/testkit',
  '@perfit/testkit/coordinator',
  '@huggingface/gguf',
];
const TEST = /(\.test\.tsx?$|^test\/)/;
/** Nothing of it is left when types are gone; of `import { type A }` the import is. */
const TYPE_ONLY = /^(import|export)\s+type\b/;

checkTheCheck();
const breaches = [];
let checked = 0;
for (const [room, rule] of Object.entries(rooms)) {
  for (const file of sources(join(root, room))) {
    const path = relative(join(root, room), file);
    if (/(^|\/)[^/]+\.config\.ts$/.test(path)) continue;
    // AssemblyScript, which nobody imports.
    if (path.startsWith('assembly/')) continue;
    checked++;
    for (const { specifier, line, isType } of importsOf(file)) {
      const why = breach({ room, rule, path, file, specifier, isType });
      if (why) breaches.push(`${relative(root, file)}:${line} imports ${specifier}: ${why}`);
    }
  }
}
for (const room of Object.keys(rooms)) breaches.push(...circlesIn(room));
for (const text of breaches) process.stdout.write(`${text}\n`);
process.stdout.write(`${checked} files checked, ${breaches.length} breaches\n`);
if (checked === 0) throw new Error('no source files were found: the check checked nothing');
process.exitCode = breaches.length ? 1 : 0;

/**
 * Folders of a room's sources that import each other, directly or by others: such are one folder, or something in them lies
 * in the wrong one. Tests may look at anything.
 */
function circlesIn(room) {
  const base = join(root, room, 'src');
  const folderOf = (file) => relative(base, file).split('/').slice(0, -1)[0] ?? null;
  const imports = new Map();
  for (const file of sources(join(root, room))) {
    const from = file.startsWith(base) && !TEST.test(file) ? folderOf(file) : null;
    if (from === null) continue;
    for (const { specifier, line } of importsOf(file)) {
      if (!specifier.startsWith('.')) continue;
      const target = resolve(dirname(file), specifier);
      const to = target.startsWith(base) ? folderOf(target) : null;
      if (to === null || to === from) continue;
      const known = imports.get(from) ?? new Map();
      if (!known.has(to)) known.set(to, `${relative(root, file)}:${line}`);
      imports.set(from, known);
    }
  }
  const reachable = (from, seen = new Set()) => {
    for (const to of imports.get(from)?.keys() ?? []) if (!seen.has(to)) reachable(to, seen.add(to));
    return seen;
  };
  return [...imports].flatMap(([from, targets]) =>
    [...targets]
      .filter(([to]) => reachable(to).has(from))
      .map(([to, place]) => `${place}: ${room}/src/${from} imports ${to}, which imports it back, itself or by others`),
  );
}

/** A table that lets everything pass would look just like clean code: known breaches must be found first. */
function checkTheCheck() {
  const wrong = [
    ['packages/protocol', 'src/version.ts', 'node:fs'],
    ['packages/federation', 'src/index.ts', '@tensorflow/tfjs-core'],
    ['packages/federation', 'src/index.ts', '../../protocol/src/index.ts'],
    ['packages/perfit-core', 'src/index.ts', '@perfit/federation'],
    ['packages/perfit-core', 'src/index.ts', 'node:fs'],
    ['packages/perfit-core', 'src/weights/hub-source.ts', '@huggingface/hub'],
    ['packages/bench', 'src/webgpu/step-bench.ts', '@tensorflow/tfjs'],
    ['packages/bench', 'src/index.ts', '@perfit/core/node'],
    ['apps/web-client', 'src/engine/engine.ts', '@perfit/core/programs'],
    ['packages/perfit-core', 'src/weights/gguf/blocks.ts', '@tensorflow/tfjs-core'],
    ['packages/perfit-core', 'src/weights/source.ts', '../model/load-model.ts'],
    ['packages/perfit-core', 'src/files.ts', './backend/wasm.ts'],
    ['packages/federation', 'src/client/client-loop.ts', '@perfit/testkit'],
    ['packages/testkit', 'src/scripted-tuner.ts', '@perfit/coordinator'],
    ['apps/coordinator', 'src/index.ts', '@perfit/core'],
    ['apps/coordinator', 'src/coordinator.ts', '@perfit/testkit/coordinator'],
    ['apps/cli', 'src/load-test/load-client.ts', '@perfit/testkit'],
    ['apps/cli', 'src/commands/bench.ts', '@jax-js/jax'],
    ['apps/cli', 'src/commands/bench.ts', '@tensorflow/tfjs'],
    ['apps/web-client', 'src/engine/engine.ts', '@tensorflow/tfjs'],
    ['apps/web-client', 'src/app/app.tsx', '@perfit/core'],
    ['apps/web-client', 'src/app/app.tsx', '../engine/engine.ts'],
    ['apps/web-client', 'src/shared/api/engine-client.ts', '../../engine/engine-worker.ts'],
    ['apps/web-client', 'src/strings/en/history.ts', '../../engine/engine.ts'],
    ['apps/web-client', 'src/strings/en/access.ts', '../../shared/ui/confirm.tsx'],
    ['apps/web-client', 'src/engine/engine.ts', '../shared/ui/confirm.tsx'],
    ['apps/web-client', 'src/engine/engine.ts', '#strings/activity.ts'],
    ['apps/web-client', 'src/contract/engine-event.ts', '../shared/format/format-number.ts'],
    ['apps/web-client', 'src/contract/engine-event.ts', '@perfit/federation'],
    ['apps/web-client', 'src/contract/engine-event.ts', '@perfit/coordinator', 'type'],
    ['apps/web-client', 'src/app/app.tsx', '@perfit/federation', 'type'],
    ['apps/web-client', 'src/features/chat/chat.tsx', '../ledger/ledger.tsx'],
    ['apps/web-client', 'src/shared/ui/section.tsx', '../../features/chat/chat.tsx'],
    ['e2e', 'demo/main.ts', '@perfit/federation'],
    ['e2e', 'demo/main.ts', '../../testing/form.ts'],
    ['testing', 'needs.ts', '../packages/perfit-core/src/index.ts'],
  ];
  for (const [room, path, specifier, kind] of wrong) {
    const isType = kind === 'type';
    if (breach({ room, rule: rooms[room], path, file: join(root, room, path), specifier, isType })) continue;
    throw new Error(`the check is broken: it lets ${room}/${path} import ${specifier}`);
  }
}

function breach({ room, rule, path, file, specifier, isType }) {
  if (specifier.startsWith('.')) {
    const target = relative(join(root, room), resolve(dirname(file), specifier.split('?')[0]));
    const isAsset = /\.(jsonl?|css|wasm)$/.test(target);
    const mayLeave = (rule.outside ?? []).some(({ files, may }) => files.test(path) && may.test(target));
    if (target.startsWith('..')) {
      return isAsset || TEST.test(path) || mayLeave ? null : 'it leaves its room by a relative path';
    }
    for (const { files, mayNot, why } of rule.inside ?? []) if (files.test(path) && mayNot.test(target)) return why;
    const [from, to] = [path, target].map((place) => rule.separate?.exec(place)?.[1]);
    if (from && to && from !== to) return `feature ${from} may not import feature ${to}`;
    return null;
  }
  for (const { files, mayNot, why } of rule.without ?? []) if (files.test(path) && mayNot.test(specifier)) return why;
  const wider = [...(rule.also ?? []), ...(isType ? (rule.types ?? []) : [])];
  const extra = wider.flatMap(({ files, may }) => (files.test(path) ? may : []));
  const allowed = [...rule.may, ...extra, ...(TEST.test(path) ? forTests : [])];
  const bare = specifier.split('?')[0];
  const matches = allowed.some((entry) => (typeof entry === 'string' ? entry === bare : entry.test(bare)));
  return matches ? null : `${room} may not import it`;
}

function importsOf(file) {
  const text = readFileSync(file, 'utf8');
  const { module, errors } = parseSync(file, text);
  if (errors.length) throw new Error(`${file} does not parse: ${errors[0].message}`);
  const lineAt = (offset) => text.slice(0, offset).split('\n').length;
  const found = module.staticImports.map((entry) => ({
    specifier: entry.moduleRequest.value,
    line: lineAt(entry.start),
    isType: TYPE_ONLY.test(text.slice(entry.start, entry.end)),
  }));
  for (const { start, end, entries } of module.staticExports) {
    // Of what is imported and exported again the statement is the import.
    const isType = TYPE_ONLY.test(text.slice(start, end));
    for (const { moduleRequest, start: at } of entries) {
      if (moduleRequest) found.push({ specifier: moduleRequest.value, line: lineAt(at), isType });
    }
  }
  for (const entry of module.dynamicImports) {
    const argument = text.slice(entry.moduleRequest.start, entry.moduleRequest.end);
    const literal = /^(['"`])([^$]*)\1$/.exec(argument);
    // A computed import cannot be checked, so it is not allowed.
    found.push({ specifier: literal ? literal[2] : `(computed) ${argument}`, line: lineAt(entry.start) });
  }
  return found;
}

function sources(place) {
  return readdirSync(place, { withFileTypes: true }).flatMap((entry) => {
    if (['node_modules', 'dist', 'public', 'test-results'].includes(entry.name)) return [];
    const path = join(place, entry.name);
    if (entry.isDirectory()) return sources(path);
    return /\.tsx?$/.test(entry.name) ? [path] : [];
  });
}
