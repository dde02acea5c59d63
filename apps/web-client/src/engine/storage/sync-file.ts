/** A file of the private file system that a worker writes to at once; TypeScript shows it to workers only. */
export interface SyncAccess {
  truncate(size: number): void;
  /** @returns bytes that were written; Chromium says all also where it had no room for them */
  write(bytes: Uint8Array, options: { readonly at: number }): number;
  getSize(): number;
  flush(): void;
  close(): void;
}

export function openToWrite(handle: FileSystemFileHandle): Promise<SyncAccess> {
  return (handle as FileSystemFileHandle & { createSyncAccessHandle(): Promise<SyncAccess> }).createSyncAccessHandle();
}

export function isQuotaExceeded(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'QuotaExceededError';
}
