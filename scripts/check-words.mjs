// Identifiers speak the field's and product design's language: docs/glossary.md. Prints each that does not, with the word
// to use, and fails.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'oxc-parser';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Words that were used here once, and those that readers expect. */
const words = [
  [/^sittings?$/i, 'run, ClientRun'],
  [/(Desk|Clerk|LedgerBook)$/, 'a …Service, …Writer or …Store'],
  [/^workbench$/i, 'ModelHost'],
  [/^knock$/, 'checkInvite'],
  [/^laborator(y|ies)$/i, 'ExperimentRunner'],
  [/^venue$/i, 'RunMode'],
  [/parcel/i, 'payload'],
  [/^today$/, 'now'],
  [/^whileStill$/, 'withRoundsQuiesced'],
  [/^happenings?$/i, 'RoundEventInput'],
  [/aftermath/i, 'finalEvaluation'],
  [/^breathed?(At)?$/, 'yieldToEventLoop'],
  [/^retelling$/, 'mapProgress'],
  [/reviv(ing|al)/i, 'recovering, recoveries'],
  [/^remembered$/, 'memoize, or what is remembered'],
  [/^slopes/i, 'dLogits, gradients'],
  [/^patientGet$/, 'fetchWithRetry'],
  [/^keeping/, 'cache'],
  [/^kept(Models?|Parts?)$/i, 'cachedModels, cachedParts'],
  [/^(MOST|LEAST)_/, 'MAX_, MIN_'],
  [/^(most|least)(?!RecentlyUsed)[A-Z]/, 'max…, min…'],
  [/^must[A-Z]/, 'assert…'],
  [/^dropOuts?$/, 'dropout'],
];
/** Names of files say the same in kebab case. */
const asIdentifier = (name) => name.replace(/-([a-z])/g, (_, letter) => letter.toUpperCase());

const tracked = execFileSync('git', ['ls-files', '*.ts', '*.tsx', '*.mjs', '*.js'], { cwd: root, encoding: 'utf8' });
const files = tracked.split('\n').filter((path) => path && path !== 'scripts/check-words.mjs');
const findings = [];
for (const path of files) {
  const name = asIdentifier(basename(path).replace(/\..*$/, ''));
  for (const [old, better] of words) if (old.test(name)) findings.push(`${path}: its name; ${better}`);
  const { program } = parseSync(path, readFileSync(join(root, path), 'utf8'));
  const seen = new Set();
  walk(program, (identifier) => {
    if (seen.has(identifier)) return;
    seen.add(identifier);
    for (const [old, better] of words) if (old.test(identifier)) findings.push(`${path}: ${identifier}; ${better}`);
  });
}
for (const finding of findings) console.error(finding);
console.log(`${files.length} sources, ${findings.length} words of the past`);
if (findings.length > 0) process.exitCode = 1;

function walk(node, found) {
  if (Array.isArray(node)) for (const each of node) walk(each, found);
  else if (typeof node === 'object' && node !== null) {
    if (/^(JSX|Private)?Identifier$/.test(node.type)) found(node.name);
    for (const value of Object.values(node)) walk(value, found);
  }
}
