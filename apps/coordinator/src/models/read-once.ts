import type { ModelFile } from './model-catalogue.ts';

/** What is found out of files, once a content: the list of models is looked at far more often than its files change. */
export class ReadOnce<Found> {
  private readonly known = new Map<string, { stamp: string; found: Promise<Found> }>();

  /** @param files known again by place, inode, size and time of their last change */
  of(files: readonly [ModelFile, ...ModelFile[]], find: () => Promise<Found>): Promise<Found> {
    const [{ path }] = files;
    const stamp = files.map(({ name, stats }) => [name, stats.ino, stats.size, stats.mtimeMs].join('-')).join();
    const known = this.known.get(path);
    if (known?.stamp === stamp) return known.found;
    const found = find();
    this.known.set(path, { stamp, found });
    return found;
  }
}
