// `npm start`: the coordinator with the built web client, ready for tabs.
import { ensureCommandLine, ensureDependencies, ensureWebClient, foreground, perfit, runScript } from './setup.mjs';

await runScript(() => {
  ensureDependencies();
  ensureCommandLine();
  ensureWebClient();
  return foreground(perfit('serve', ...process.argv.slice(2)));
});
