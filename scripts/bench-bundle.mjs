// `npm run bench:bundle`: a folder that measures another machine with Node alone; sets itself up first.
import { ensureDependencies, foreground, root, runScript } from './setup.mjs';

await runScript(() => {
  ensureDependencies();
  return foreground(['bundle-bench.mjs', ...process.argv.slice(2)], { cwd: `${root}/apps/cli` });
});
