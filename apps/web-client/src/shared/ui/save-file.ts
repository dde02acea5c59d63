/** Hands bytes to the browser's downloads. */
export function saveFile(name: string, bytes: Uint8Array, type = 'application/octet-stream'): void {
  saveBlob(name, new Blob([bytes as BlobPart], { type }));
}

/** The same for what is a file already. */
export function saveBlob(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has its own hold of the data once it has begun.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
