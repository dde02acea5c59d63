import { mkdir, readdir, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type HubRevision,
  type HubSource,
  loadTokenizer,
  type ManifestFile,
  modelFolder,
  parseModelConfig,
} from '@perfit/core';
import { directorySource } from '@perfit/core/node';
import { type FileProgress, fetchFile } from './fetch-file.ts';
import { PullError } from './pull-error.ts';

/** Kept beside the files: where they are from. */
const SOURCE_FILE = 'source.json';

export interface PullProgress extends FileProgress {
  begin(total: number): void;
  file(name: string): void;
}

export interface PulledModel extends HubRevision {
  readonly folder: string;
  readonly bytes: number;
  /** It was there before, at the same commit. */
  readonly wasThere: boolean;
}

/**
 * Fetches a model of the Hub into a models directory. What has come lies in a folder beside, whose name no coordinator
 * serves, until everything is there and checked; a pull that was interrupted goes on from it.
 * @throws WeightsError, ModelError, TokenizerError, PullError
 */
export async function pullModel(
  source: HubSource,
  { to, id, progress }: { to: string; id: string; progress: PullProgress },
): Promise<PulledModel> {
  const revision = await source.resolve();
  const { files } = await source.manifest();
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const folder = join(to, id);
  if ((await holds(folder, revision)) && (await missingBytes(folder, files)) === 0)
    return { ...revision, folder, bytes, wasThere: true };
  await assertNotExists(folder, revision);
  // Before gigabytes come: what the forward pass cannot follow is refused by name.
  parseModelConfig(await modelFolder(source).text('config.json'));

  const partial = join(to, `.${id}.partial`);
  await takeUp(partial, revision);
  await assertHasSpace(partial, files);
  progress.begin(bytes);
  const isWeights = ({ name }: ManifestFile) => /\.(safetensors|gguf)$/i.test(name);
  const fetchAll = async (some: readonly ManifestFile[]) => {
    for (const file of some) {
      progress.file(file.name);
      await fetchFile(source, file, { path: join(partial, file.name), progress });
    }
  };
  await fetchAll(files.filter((file) => !isWeights(file)));
  // A GGUF file's tokenizer came with its description.
  if (files.some((file) => !isWeights(file))) await loadTokenizer(directorySource(partial));
  await fetchAll(files.filter(isWeights));
  await rename(partial, folder);
  return { ...revision, folder, bytes, wasThere: false };
}

async function holds(folder: string, revision: HubRevision): Promise<boolean> {
  const text = await readFile(join(folder, SOURCE_FILE), 'utf8').catch(() => null);
  return text === describe(revision);
}

async function assertNotExists(folder: string, { repository, commit }: HubRevision): Promise<void> {
  const found = await readdir(folder).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? null : []));
  if (found === null) return;
  throw new PullError(
    'pull-exists',
    `${folder} is there already, and is not all of ${repository} at ${commit.slice(0, 12)}: remove it, or choose another name with --as.`,
  );
}

/** What came of another commit, or of another repository, is of no use. */
async function takeUp(partial: string, revision: HubRevision): Promise<void> {
  if (!(await holds(partial, revision))) await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  await writeFile(join(partial, SOURCE_FILE), describe(revision));
}

function describe({ repository, commit, licence }: HubRevision): string {
  return `${JSON.stringify({ repository, commit, licence }, null, 2)}\n`;
}

async function assertHasSpace(partial: string, files: readonly ManifestFile[]): Promise<void> {
  const missing = await missingBytes(partial, files);
  const { bavail, bsize } = await statfs(partial);
  if (missing <= bavail * bsize) return;
  const [need, have] = [missing, bavail * bsize].map((size) => `${Math.ceil(size / 1e6)} MB`);
  throw new PullError('pull-no-space', `${need} are still to come, but the disk of ${partial} has ${have} left.`);
}

async function missingBytes(folder: string, files: readonly ManifestFile[]): Promise<number> {
  const missing = files.map(async ({ name, bytes }) => {
    const there = await stat(join(folder, name)).catch(() => null);
    return Math.max(0, bytes - (there?.size ?? 0));
  });
  return (await Promise.all(missing)).reduce((sum, size) => sum + size, 0);
}
