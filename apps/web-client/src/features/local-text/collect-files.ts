import type { LocalFile } from '../../contract/data-api.ts';

/** Files and folders that were dropped, or chosen; hidden ones are nobody's text. */
export interface Collected {
  /** For people: the file, the folder, or how many there are. */
  readonly name: string | null;
  readonly files: readonly LocalFile[];
}

/** Must be called while the event is handled: later the browser has taken its items away. */
export function filesOfDrop(transfer: DataTransfer): Promise<Collected> {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  if (entries.length === 0) return Promise.resolve(filesOfChoice([...transfer.files]));
  return (async () => {
    const [only] = entries;
    if (entries.length === 1 && only && isFolder(only)) return { name: only.name, files: await filesInside(only, '') };
    const files = await Promise.all(entries.map((entry) => filesOfEntry(entry, '')));
    return { name: entries.length === 1 && only ? only.name : null, files: files.flat() };
  })();
}

/** Of an `<input type="file">`, of a folder too. */
export function filesOfChoice(chosen: readonly File[]): Collected {
  const files = chosen
    .map((content) => ({ path: (content.webkitRelativePath || content.name).split('/'), content }))
    .filter(({ path }) => !path.some(isHidden));
  const folder = files[0] && files[0].path.length > 1 ? (files[0].path[0] as string) : null;
  return {
    name: folder ?? (files.length === 1 ? (files[0]?.content.name ?? null) : null),
    files: files.map(({ path, content }) => ({ name: path.slice(folder === null ? 0 : 1).join('/'), content })),
  };
}

function isHidden(name: string): boolean {
  return name.startsWith('.');
}

/** @param parent the path to it, ended by a slash */
async function filesOfEntry(entry: FileSystemEntry, parent: string): Promise<LocalFile[]> {
  if (isHidden(entry.name)) return [];
  if (isFolder(entry)) return filesInside(entry, `${parent}${entry.name}/`);
  if (!isFile(entry)) return [];
  const content = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
  return [{ name: parent + entry.name, content }];
}

async function filesInside(folder: FileSystemDirectoryEntry, parent: string): Promise<LocalFile[]> {
  const children = await childrenOf(folder);
  return (await Promise.all(children.map((child) => filesOfEntry(child, parent)))).flat();
}

/** A reader gives a folder's entries in portions, and an empty one at the end. */
async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const children: FileSystemEntry[] = [];
  for (;;) {
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (portion.length === 0) return children;
    children.push(...portion);
  }
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}
