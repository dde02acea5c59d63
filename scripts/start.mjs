// `npm start`: the coordinator with the built web client, ready for tabs.
import { ensureDependencies, ensureWebClient, foreground, runScript, typescript } from './setup.mjs';

await runScript(() => {
  ensureDependencies();
  ensureWebClient();
  return foreground([...typescript('apps/cli', 'src/main.ts'), 'serve', ...process.argv.slice(2)]);
});
