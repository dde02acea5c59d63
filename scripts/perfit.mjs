// `npm run -s perfit -- COMMAND …`: the command line, which sets itself up first.
import { ensureDependencies, ensureWebClient, foreground, runScript, typescript } from './setup.mjs';

await runScript(() => {
  ensureDependencies();
  const args = process.argv.slice(2);
  if (args[0] === 'serve') ensureWebClient();
  // npm changes to the root of the workspace; paths on the command line are meant from where the person stands.
  return foreground([...typescript('apps/cli', 'src/main.ts'), ...args], {
    cwd: process.env.INIT_CWD ?? process.cwd(),
  });
});
