/**
 * Where parts of files are kept between visits, each under the hash of its bytes: two models that share a part share
 * its place. What is read back is checked by whoever reads it.
 */
export interface PartStore {
  /** @returns null where no part of that hash is here */
  read(hash: string): Promise<Uint8Array | null>;
  has(hash: string): Promise<boolean>;
  /** @throws WeightsError `weights-storage-full` */
  write(hash: string, bytes: Uint8Array): Promise<void>;
  remove(hash: string): Promise<void>;
  /** The hash under which a part was kept that nobody had named one for. @returns null where it never was */
  recall(address: string): Promise<string | null>;
  remember(address: string, hash: string): Promise<void>;
  forget(address: string): Promise<void>;
}

/** Runs the work of one name at a time, in all tabs of an origin. */
export type WithLock = <T>(name: string, work: () => Promise<T>) => Promise<T>;
