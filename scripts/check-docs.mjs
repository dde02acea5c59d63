// What documents and comments name must be there: linked files and headings, paths, npm scripts, perfit's commands,
// numbered rules. Prints each name that leads nowhere and fails. Plain JavaScript without dependencies.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Paths that are none of the repository's files, by what they are. */
const elsewhere = [
  // What a coordinator, a pull and the web client's build leave behind.
  /^(\.perfit|model-hashes|apps\/web-client\/dist)\b/,
  /^(source\.json|sw\.js)$/,
  // Made by whoever runs a coordinator: a secret.
  /^deploy\/prometheus\/api-key$/,
  // The corpus of perfit-nano's recipe is not kept here.
  /^data$/,
  // A file that models of several shards have, and ours has not.
  /^model\.safetensors\.index\.json$/,
  // Of the package @tensorflow/tfjs-backend-wasm.
  /^wasm-out\//,
];
/** Endings that make a word without a slash the name of a file. */
const ENDING = /[\w*]\.(tsx?|mjs|js|jsonc?|md|ya?ml|py|wat|css|sql|html|toml)$/;
const PATH = /^\.{0,2}[\w@*-][\w@.*-]*(\/[\w@.*-]+)*\/?$/;
const RULE = /(?<![\w/+=-])(?:PF|HS|RD|UP|DC)\d{1,2}[a-z]?(?![\w/+=])/g;

const files = trackedFiles();
const places = new Set(files.flatMap((path) => path.split('/').map((_, i, parts) => parts.slice(0, i + 1).join('/'))));
const known = endingsOf(places);
const heads = new Set([...known].map((path) => path.split('/')[0]));
const scripts = new Set(Object.keys(JSON.parse(read('package.json')).scripts));
const commands = new Set(
  [...read('apps/cli/src/main.ts').matchAll(/^ {2}(\w+): async \(\) =>/gm)].map(([, name]) => name),
);
const rules = new Set(
  ['packages/protocol/SPEC.md', 'docs/architecture.md'].flatMap((file) =>
    [...read(file).matchAll(/\*\*((?:PF|HS|RD|UP|DC)\d+[a-z]?)[ *]/g)].map(([, name]) => name),
  ),
);

checkTheCheck();
const documents = files.filter((file) => file.endsWith('.md'));
// Without the lockfile, and without this file, whose samples are wrong on purpose.
const sources = files.filter(
  (file) =>
    /(\.(tsx?|mjs|js|py|wat|css|sql|ya?ml|jsonc)|Dockerfile|\.ci\/run)$/.test(file) &&
    !['pnpm-lock.yaml', 'scripts/check-docs.mjs'].includes(file),
);
if (!documents.length || !sources.length) throw new Error('no files were found: the check checked nothing');
const findings = [
  ...documents.flatMap((file) => inDocument(file, read(file))),
  ...sources.flatMap((file) => inSource(file, read(file))),
];
for (const { file, line, text } of findings) process.stdout.write(`${file}:${line} ${text}\n`);
process.stdout.write(
  `${documents.length} documents and ${sources.length} sources checked, ${findings.length} findings\n`,
);
process.exitCode = findings.length ? 1 : 0;

function inDocument(file, text) {
  const found = [];
  let isFenced = false;
  text.split('\n').forEach((content, index) => {
    const say = (complaints) =>
      found.push(...complaints.map((complaint) => ({ file, line: index + 1, text: complaint })));
    if (/^\s*(```|~~~)/.test(content)) {
      isFenced = !isFenced;
      return;
    }
    say(rulesIn(content));
    if (isFenced) {
      say(codeIn(content, file));
      return;
    }
    const spans = [...content.matchAll(/(`+)(.+?)\1/g)].map(([, , code]) => code.trim());
    for (const code of spans) say(/\s/.test(code) ? codeIn(code, file) : pathIn(code, file));
    const prose = content.replace(/(`+).+?\1/g, '');
    const links = [/\]\(([^)\s]+)[^)]*\)/g, /^\[[^\]]+\]:\s*(\S+)/g, /\b(?:src|srcset|href)="([^"]+)"/g];
    for (const pattern of links) for (const [, target] of prose.matchAll(pattern)) say(linkTo(target, file, text));
  });
  return found;
}

/** Comments, and whatever cites a rule: titles of tests do. */
function inSource(file, text) {
  return text.split('\n').flatMap((content, index) => {
    const complaints = rulesIn(content);
    const comment = /(?:^\s*(?:\/?\*+|#)|(?:^|\s)\/\/|^--)\s(.*)/.exec(content)?.[1];
    // A line that names another project's repository names files of that one.
    if (comment && !comment.includes('github.com')) complaints.push(...commentIn(comment, file));
    return complaints.map((complaint) => ({ file, line: index + 1, text: complaint }));
  });
}

function commentIn(comment, file) {
  const complaints = [];
  const spans = [...comment.matchAll(/`([^`]+)`/g)].map(([, code]) => code.trim());
  for (const code of spans) {
    // Comments quote much that is no file, as `owner/name`.
    if (/\s/.test(code)) complaints.push(...codeIn(code, file));
    else if (heads.has(code.split('/')[0]) || ENDING.test(code)) complaints.push(...pathIn(code, file));
  }
  const prose = comment.replace(/`[^`]*`/g, '');
  for (const [path] of prose.matchAll(/(?<![\w/.-])(?:[\w.-]+\/)*[\w-]+\.md\b|\bdocs\/[\w./-]*\w/g))
    complaints.push(...pathIn(path, file));
  for (const [, name] of comment.matchAll(/\b([A-Z]{4,}) §/g)) complaints.push(...pathIn(`${name}.md`, file));
  for (const [, path, title] of comment.matchAll(/([\w./-]+\.md), "([^"]+)"/g)) {
    const document = files.find((candidate) => candidate === path || candidate.endsWith(`/${path}`));
    const has =
      document &&
      read(document)
        .split('\n')
        .some((line) => /^#|\*\*/.test(line) && line.toLowerCase().includes(title.toLowerCase()));
    if (!has) complaints.push(`names "${title}" of ${path}, which has no such part`);
  }
  return complaints;
}

/** A command, or a block that is no prose: of its words only those that begin like a path of ours are held to be one. */
function codeIn(code, file) {
  const complaints = [];
  for (const [, name] of code.matchAll(/\bnpm (?:run )?(?:-s )?([a-z][\w:-]*)/g)) {
    const isOwn = /\bnpm run\b/.test(code) || name === 'test' || name === 'start';
    if (isOwn && !scripts.has(name)) complaints.push(`names the script ${name}, which package.json has not`);
  }
  for (const [, name] of code.matchAll(/(?:\bperfit -- |^perfit )([a-z]+)/g)) {
    if (!commands.has(name)) complaints.push(`names the command ${name}, which perfit has not`);
  }
  for (const word of code.split(/[\s|;"'()]+/)) {
    if (word.includes('/') && heads.has(word.split('/')[0])) complaints.push(...pathIn(word, file));
  }
  return complaints;
}

/** A path may leave out its beginning, and `src` in it: `model/config.ts`, `perfit-core/model/config.ts`. */
function pathIn(word, file) {
  if (!PATH.test(word) || /^@/.test(word) || !(word.includes('/') || ENDING.test(word))) return [];
  const path = word.replace(/\/$/, '');
  if (elsewhere.some((pattern) => pattern.test(path))) return [];
  const target = /^\.{1,2}\//.test(path) ? posix.join(posix.dirname(file), path) : path;
  return isThere(target) ? [] : [`names ${word}, which is not there`];
}

function isThere(path) {
  if (!path.includes('*')) return known.has(path);
  const pattern = new RegExp(
    `^${path
      .split('*')
      .map((part) => part.replace(/[.+]/g, '\\$&'))
      .join('[^/]*')}$`,
  );
  return [...known].some((candidate) => pattern.test(candidate));
}

function linkTo(target, file, text) {
  if (/^[a-z][a-z+.-]*:/i.test(target)) return [];
  const [path, anchor] = target.split('#');
  const document = path
    ? posix.normalize(posix.join(posix.dirname(file), decodeURIComponent(path))).replace(/\/$/, '')
    : file;
  if (path && !places.has(document)) return [`links to ${path}, which is not there`];
  if (!anchor) return [];
  if (!document.endsWith('.md')) return [`links to #${anchor} of ${path}, which has no headings`];
  return anchorsOf(path ? read(document) : text).has(anchor) ? [] : [`links to ${target}, a heading that is not there`];
}

/** As GitHub makes them. */
function anchorsOf(text) {
  const anchors = new Set();
  for (const [, heading] of text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = plain.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
    let anchor = slug;
    for (let i = 1; anchors.has(anchor); i++) anchor = `${slug}-${i}`;
    anchors.add(anchor);
  }
  return anchors;
}

function rulesIn(content) {
  return (content.match(RULE) ?? [])
    .filter((rule) => !rules.has(rule))
    .map((rule) => `cites ${rule}, which is no rule`);
}

/** Also what is not committed yet; not what is ignored. */
function trackedFiles() {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const names = execFileSync('git', list, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 }).split('\0');
  return [...new Set(names)].filter((name) => name && existsSync(join(root, name))).sort();
}

/** Every file and folder by each of its endings. */
function endingsOf(all) {
  const found = new Set();
  for (const place of all) {
    for (const path of [place, place.replace('/src/', '/')]) {
      const parts = path.split('/');
      for (let i = 0; i < parts.length; i++) found.add(parts.slice(i).join('/'));
    }
  }
  return found;
}

function read(file) {
  return readFileSync(join(root, file), 'utf8');
}

/** A check that reads nothing would look like documents without a fault: known faults must be found first. */
function checkTheCheck() {
  const sound = [
    'See [the rules](docs/architecture.md#words), `packages/protocol/SPEC.md`, `federation/round/step.ts`, `version.ts`,',
    '`npm test`, `npm run -s perfit -- serve`, PF1, [somewhere](https://example.org/x.md), `/api/models`, `@perfit/core`.',
  ].join('\n');
  const faults = [
    'See [it](docs/architektur.md).',
    'See [it](docs/architecture.md#no-such-heading).',
    '<img src="docs/screenshots/none.png">',
    '`packages/protocol/SPEC2.md`',
    '`federation/client/client-loop`',
    '`no-such-file.ts`',
    '`src/nothing/*.ts`',
    '`npm run no-such-script`',
    '`npm run -s perfit -- dance`',
    '`npx vitest run packages/nowhere`',
    '```\nperfit-core/training/trainer → model/forward\n```',
    'As RD99 says.',
  ];
  const inComments = [
    '// As DESIGN §9 says.',
    ' * docs/nothing.md tells more.',
    '# SPEC.md, "No such part"',
    '// `codecs/nothing.ts` does it.',
    "it('[HS99] is no rule', () => {});",
  ];
  const found = inDocument('README.md', sound);
  if (found.length) throw new Error(`the check is broken: it finds that a sound document ${found[0].text}`);
  for (const text of faults) {
    if (!inDocument('README.md', text).length) throw new Error(`the check is broken: it lets pass ${text}`);
  }
  for (const text of inComments) {
    if (!inSource('scripts/any.mjs', text).length) throw new Error(`the check is broken: it lets pass ${text}`);
  }
}
