import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';

const TEXT_ENDINGS = ['.jsonl', '.json', '.csv', '.tsv', '.txt', '.md'];

export interface LocalText {
  /** A person's name for the client, made from the file's. */
  readonly name: string;
  readonly file: string;
  /** Rows given to this client, and rows that the file has; null where the file is not made of rows. */
  readonly rows: { readonly used: number; readonly of: number } | null;
}

/**
 * One local text for each client. Fewer files than clients: the clients of one file share its rows out, none twice.
 * Files of rows (JSONL, a JSON array) are cut to `examples` rows a client, spread evenly over the file; others go
 * to the client whole.
 * @throws Error with a sentence where a path is missing or holds no text
 */
export function localTexts(
  paths: readonly string[],
  options: { clients: number; examples: number; folder: string },
): LocalText[] {
  const files = paths.flatMap((path) => filesOf(resolve(path)));
  if (!files.length) throw new Error(`No text files (${TEXT_ENDINGS.join(', ')}) in ${paths.join(', ')}.`);
  mkdirSync(options.folder, { recursive: true });
  return Array.from({ length: options.clients }, (_, client) => {
    const file = files[client % files.length] as string;
    const sharers = Math.ceil((options.clients - (client % files.length)) / files.length);
    const turn = Math.floor(client / files.length);
    const stem = basename(file, extname(file));
    const name = sharers > 1 ? `${stem} ${turn + 1}` : stem;
    const rows = rowsOf(file);
    if (!rows) return { name, file, rows: null };
    const own = rows.filter((_, row) => row % sharers === turn);
    const used = evenly(own, options.examples);
    const copy = join(options.folder, `${name.replaceAll(/[^\w-]+/g, '-')}.jsonl`);
    writeFileSync(copy, used.map((row) => `${JSON.stringify(row)}\n`).join(''));
    return { name, file: copy, rows: { used: used.length, of: own.length } };
  });
}

export function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => TEXT_ENDINGS.includes(extname(name)) && name !== 'README.md')
    .sort()
    .map((name) => join(path, name));
}

/** The rows of JSONL or of a JSON array; null for anything else, which the tab itself will judge. */
function rowsOf(file: string): unknown[] | null {
  const text = readFileSync(file, 'utf8').trim();
  try {
    if (text.startsWith('[')) return JSON.parse(text) as unknown[];
    if (text.startsWith('{')) return text.split('\n').map((line) => JSON.parse(line) as unknown);
  } catch {
    return null;
  }
  return null;
}

function evenly<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)] as T);
}
