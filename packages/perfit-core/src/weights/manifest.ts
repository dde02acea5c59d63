import type { ModelSource } from './source.ts';

/** What a model's folder holds: sizes, and hashes as far as whoever serves it says them. */
export interface ModelManifest {
  /** Names this content: a commit of the Hub, or a hash over the files. Two manifests of one revision are equal. */
  readonly revision: string;
  /** Bytes of every part but a file's last. */
  readonly partBytes: number;
  readonly files: readonly ManifestFile[];
}

export interface ManifestFile {
  readonly name: string;
  readonly bytes: number;
  /** Of the whole file, in hex; null where nobody says it. */
  readonly sha256: string | null;
  /** SHA-256 of each part in order, in hex; null where nobody says them. */
  readonly parts: readonly string[] | null;
}

/** A source that says what it holds, so that its files can be kept and checked. */
export interface ListedSource extends ModelSource {
  /** @throws WeightsError */
  manifest(): Promise<ModelManifest>;
}

/** 4 MiB. The same for every source: a part is known by its hash, wherever it came from. */
export const PART_BYTES = 4 << 20;
