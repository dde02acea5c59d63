/**
 * One line for a person: the sentence, and the code where the error has one. An error that nobody foresaw
 * keeps its stack, because somebody will have to find it.
 */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return `It failed: ${String(error)}`;
  const code = codeOf(error);
  return code ? `${error.message} [${code}]` : (error.stack ?? error.message);
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** 1, unless the error says another. */
export function exitCodeOf(error: unknown): number {
  return error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number' ? error.exitCode : 1;
}

/** A wrong use of the command line that only shows when it runs. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'usage';
  readonly exitCode = 2;
}
