import { emptySessionRecord, type SessionRecord } from '@perfit/protocol';
import { engine, unwrap } from '../shared/api/engine-client.ts';

/**
 * For whoever drives the page by a program: tests and the simulation of many tabs.
 *
 * The page is steered as a person steers it. Its address may say `?invite=…&name=…&backend=auto|webgpu|wasm&threads=1&compare=yes|no`
 * and `as=…`, which lets several clients live in one browser profile; an invite is taken out of it at once, and kept for
 * reloads of the tab. `view=result|chat|export|ledger|settings` is what a session shows. The elements to hold on to:
 * - `data-testid="dataset-file"`: the file input;
 * - the checkbox whose name begins with "I understand", without which nothing starts;
 * - the button named "Start";
 * - `data-testid="status"`, whose `data-state` is idle, loading, recruiting, searching, tuning, uploading, waiting,
 *   finished or failed; `data-paused` is asked until the present step is done and then held, and absent where nobody
 *   paused it;
 * - errors have `role="alert"` and their code in `data-code`.
 */
interface Automation {
  /** What happened so far; with `state: 'idle'` before the first start. */
  session(): Promise<SessionRecord>;
}

declare global {
  interface Window {
    perfit?: Automation;
  }
}

export function installAutomation(): void {
  window.perfit = {
    session: async () => unwrap(await engine().session()) ?? emptySessionRecord,
  };
}
