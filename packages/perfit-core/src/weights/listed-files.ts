import type { ListedSource, ManifestFile, ModelManifest } from './manifest.ts';
import { WeightsError } from './weights-error.ts';

export interface ListedFiles {
  readonly describe: () => string;
  readonly manifest: () => Promise<ModelManifest>;
  /** Bytes [start, end) of a file of the manifest; the range is checked. */
  readonly read: (file: ManifestFile, start: number, end: number) => Promise<Uint8Array>;
}

/** A source whose manifest says what there is and how long it is; only bytes have to be fetched. */
export function listedSource({ describe, manifest, read }: ListedFiles): ListedSource {
  async function fileOf(name: string): Promise<ManifestFile> {
    const file = (await manifest()).files.find((each) => each.name === name);
    if (!file) throw new WeightsError('weights-missing-file', `${describe()} has no file ${name}`);
    return file;
  }
  return {
    describe,
    manifest,
    has: async (name) => (await manifest()).files.some((file) => file.name === name),
    size: async (name) => (await fileOf(name)).bytes,
    async text(name) {
      const file = await fileOf(name);
      return new TextDecoder().decode(await read(file, 0, file.bytes));
    },
    async range(name, start, end) {
      const file = await fileOf(name);
      if (end > file.bytes) {
        const message = `${name} ends before byte ${end} (wanted bytes ${start} to ${end})`;
        throw new WeightsError('weights-truncated', message);
      }
      return start === end ? new Uint8Array(0) : await read(file, start, end);
    },
  };
}
