/** Whether a folder or a stored model is a repository of the Hub: by the last part of its name, as folders are named. */
export function isSameModel(repository: string, name: string): boolean {
  const last = (path: string) => path.split('@')[0]?.split('/').filter(Boolean).at(-1)?.toLowerCase();
  return last(repository) === last(name);
}
