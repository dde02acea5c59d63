import { ensureCommandLine, ensureWebClient } from '../scripts/setup.mjs';

/** What the specs drive, built from the sources as they are. */
export default function setup(): void {
  ensureCommandLine();
  ensureWebClient();
}
