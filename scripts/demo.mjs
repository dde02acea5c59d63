// `npm run demo`: a whole federation in real browser tabs, on the embedded model.
import {
  beginBrowser,
  checkNode,
  ensureCommandLine,
  ensureDependencies,
  ensureWebClient,
  foreground,
  runScript,
  typescript,
} from './setup.mjs';

await runScript(async () => {
  checkNode();
  const browserInstalled = beginBrowser();
  ensureDependencies();
  ensureCommandLine();
  ensureWebClient();
  return foreground([...typescript('e2e', 'demo/main.ts'), ...process.argv.slice(2)], {
    cwd: process.env.INIT_CWD ?? process.cwd(),
    env: { ...process.env, PERFIT_BROWSER: await browserInstalled() },
  });
});
