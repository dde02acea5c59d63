import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** The model and its fixture that are part of this repository. */
export const perfitNano = `${repository}models/perfit-nano`;
export const perfitNanoFixture = `${perfitNano}/fixture`;

/** Larger test material that may lie beside the repository: null where it does not. */
export const tinyStories = beside('models/tinystories-656k');
export const tinyStoriesFixture = beside('fixtures/tinystories-656k');

function beside(path: string): string | null {
  const full = `${repository}../shared/${path}`;
  return existsSync(full) ? full : null;
}
