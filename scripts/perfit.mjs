// `npm run -s perfit -- COMMAND …`: the command line, which sets itself up first.
import { ensureDependencies, ensureWebClient, foreground, runScript, softwareVulkan, typescript } from './setup.mjs';

await runScript(() => {
  ensureDependencies();
  const args = process.argv.slice(2);
  if (args[0] === 'serve') ensureWebClient();
  // npm changes to the root of the workspace; paths on the command line are meant from where the person stands.
  const usesWebGpu = args.some(
    (arg, i) => arg === '--backend=webgpu' || (arg === 'webgpu' && args[i - 1] === '--backend'),
  );
  return foreground([...typescript('apps/cli', 'src/main.ts'), ...args], {
    cwd: process.env.INIT_CWD ?? process.cwd(),
    env: { ...process.env, ...(usesWebGpu ? softwareVulkan() : {}) },
  });
});
