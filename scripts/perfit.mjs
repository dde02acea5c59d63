// `npm run -s perfit -- COMMAND …`: the command line, which sets itself up first.
import {
  ensureCommandLine,
  ensureDependencies,
  ensureWebClient,
  ensureWebGpu,
  foreground,
  perfit,
  runScript,
} from './setup.mjs';

await runScript(async () => {
  ensureDependencies();
  ensureCommandLine();
  const args = process.argv.slice(2);
  if (args[0] === 'serve') ensureWebClient();
  if (asksForWebGpu(args)) await ensureWebGpu();
  // npm changes to the root of the workspace; paths on the command line are meant from where the person stands.
  return foreground(perfit(...args), {
    cwd: process.env.INIT_CWD ?? process.cwd(),
  });
});

function asksForWebGpu([command, ...args]) {
  if (args.some((arg) => /^(-h|--help)$/.test(arg))) return false;
  if (command === 'bench') return args[0] !== 'coordinator' && !args.some((arg) => /^(--backend=)?wasm$/.test(arg));
  return args.some((arg) => /^(--backend=)?webgpu$/.test(arg));
}
