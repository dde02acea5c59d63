import { randomBytes } from 'node:crypto';

/** A name that nobody guesses, in base64url, and that a command line does not take for an option. */
export function randomId(bytes: number): string {
  for (;;) {
    const id = randomBytes(bytes).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}
