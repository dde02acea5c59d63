import { readGgufFile } from './gguf/gguf-file.ts';
import { listedSource } from './listed-files.ts';
import { type ListedSource, type ManifestFile, PART_BYTES } from './manifest.ts';
import { chooseModelFiles, isGguf } from './model-files.ts';
import { once } from './once.ts';
import { readHeader } from './safetensors-reader.ts';
import { fileSource } from './source.ts';
import { WeightsError } from './weights-error.ts';

/** Bytes of each tensor that tell two tunings of one model apart. */
const SAMPLE_BYTES = 256;

/**
 * A model's folder that a person picked or dropped: whatever lies beside the model or below it is ignored.
 * Nobody has hashed the files, and gigabytes are not read for that: the revision is a SHA-256 over names and sizes, the
 * files that are no weights, and of the weights their headers and the first bytes of every tensor.
 * @param files with their `webkitRelativePath`, or the files of one folder
 */
export function folderSource(files: readonly File[]): ListedSource {
  const { name, files: within, repeated } = topFolder(files);
  const where = name === '' ? 'What was chosen' : `The folder ${name}`;
  const bytesOf = (file: string) => within.get(file) as File;

  const manifest = once(async () => {
    const names = new Set(within.keys());
    const chosen = await chooseModelFiles({ names, where, text: (file) => bytesOf(file).text() });
    const twice = chosen.find((file) => repeated.has(file));
    if (twice) throw new WeightsError('weights-ambiguous-folder', `${twice} was chosen twice: choose one folder`);
    const listed = chosen.map((file): ManifestFile => {
      return { name: file, bytes: bytesOf(file).size, sha256: null, parts: null };
    });
    const revision = await revisionOf(chosen.map((file) => [file, bytesOf(file)]));
    return { revision, partBytes: PART_BYTES, files: listed };
  });

  return listedSource({
    describe: () => where,
    manifest,
    async read({ name: file }, start, end) {
      try {
        return new Uint8Array(await bytesOf(file).slice(start, end).arrayBuffer());
      } catch (cause) {
        // A file that was changed, moved or unplugged since it was chosen.
        throw new WeightsError('weights-unreadable', `${file} cannot be read any more: choose the folder again`, {
          cause,
        });
      }
    },
  });
}

interface ModelFolder {
  readonly name: string;
  readonly files: ReadonlyMap<string, File>;
  /** Names that came twice: where the browser tells no paths, files of several folders look like those of one. */
  readonly repeated: ReadonlySet<string>;
}

/** The folder nearest to the top that has a config.json, or else a GGUF file, and its own files by name. */
function topFolder(chosen: readonly File[]): ModelFolder {
  const folders = new Map<string, { name: string; file: File }[]>();
  for (const file of chosen) {
    const path = (file.webkitRelativePath || file.name).split('/');
    const folder = path.slice(0, -1).join('/');
    folders.set(folder, [...(folders.get(folder) ?? []), { name: path.at(-1) as string, file }]);
  }
  const depth = (folder: string) => (folder === '' ? 0 : folder.split('/').length);
  const having = (isIt: (name: string) => boolean) =>
    [...folders.keys()]
      .filter((folder) => folders.get(folder)?.some(({ name }) => isIt(name)))
      .sort((a, b) => depth(a) - depth(b) || (a < b ? -1 : 1));
  const described = having((name) => name === 'config.json');
  const [first, second] = described.length > 0 ? described : having(isGguf);
  if (first === undefined) {
    throw new WeightsError(
      'weights-missing-file',
      'What was chosen has neither a config.json nor a .gguf file: it is no model',
    );
  }
  if (second !== undefined && depth(second) === depth(first)) {
    const message = `What was chosen has several models (${first} and ${second}): choose the folder of one`;
    throw new WeightsError('weights-ambiguous-folder', message);
  }
  const files = new Map<string, File>();
  const repeated = new Set<string>();
  for (const { name, file } of folders.get(first) ?? []) {
    if (files.has(name)) repeated.add(name);
    files.set(name, file);
  }
  return { name: first, files, repeated };
}

async function revisionOf(files: readonly (readonly [name: string, file: File])[]): Promise<string> {
  const parts: BlobPart[] = [];
  for (const [name, file] of files) {
    parts.push(`${name}\n${file.size}\n`);
    if (name.endsWith('.safetensors') || isGguf(name)) parts.push(...(await weightSamples(file)));
    else parts.push(file);
  }
  const digest = await crypto.subtle.digest('SHA-256', await new Blob(parts).arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function weightSamples(file: File): Promise<BlobPart[]> {
  const source = fileSource([file]);
  const entries = isGguf(file.name)
    ? [...(await readGgufFile(source, file.name)).tensors.values()]
    : await readHeader(source, file.name);
  const data = Math.min(file.size, ...entries.map(({ start }) => start));
  const samples = entries.map(({ start, end }) => file.slice(start, Math.min(end, start + SAMPLE_BYTES)));
  return [file.slice(0, data), ...samples];
}
