// `npm run screenshots`: every state of the app in light and dark, narrow and wide, as PNGs with a page that shows them
// all. `--out DIR` puts them elsewhere than .perfit/screenshots; `--only PART` takes the states whose name has it, `--docs` makes
// the pictures of the documentation anew.
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  ensureBrowser,
  ensureCommandLine,
  ensureDependencies,
  ensureWebClient,
  foreground,
  playwrightCli,
  root,
  runScript,
} from './setup.mjs';

await runScript(() => {
  const { values } = parseArgs({
    options: { out: { type: 'string' }, only: { type: 'string' }, docs: { type: 'boolean' } },
  });
  const here = process.env.INIT_CWD ?? process.cwd();
  ensureDependencies();
  ensureCommandLine();
  ensureWebClient();
  const env = {
    ...process.env,
    PERFIT_BROWSER: ensureBrowser(),
    PERFIT_SCREENSHOTS: values.out ? resolve(here, values.out) : join(root, '.perfit', 'screenshots'),
    PERFIT_SCREENSHOTS_ONLY: values.only ?? '',
    PERFIT_SCREENSHOTS_DOCS: values.docs ? join(root, 'docs', 'screenshots') : '',
  };
  return foreground([playwrightCli(), 'test', '--config=screenshots.config.ts', '--reporter=list'], {
    cwd: join(root, 'e2e'),
    env,
  });
});
