// Makes a folder that measures a machine with Node alone: `node perfit-bench.mjs --help`. No network, no installation.
// The webgpu package's binary for this platform goes with it; `--platform linux-x64` picks another.
import { cpSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'vite';

const root = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: {
    out: { type: 'string', default: resolve(root, '../../.perfit/bench') },
    platform: { type: 'string', default: `${process.platform}-${process.arch}` },
  },
});
const out = resolve(values.out);
rmSync(out, { recursive: true, force: true });
await build({
  root,
  configFile: false,
  logLevel: 'warn',
  ssr: { noExternal: true, external: ['webgpu'] },
  build: {
    ssr: 'src/bench-main.ts',
    outDir: out,
    emptyOutDir: true,
    target: 'node20',
    rolldownOptions: { output: { entryFileNames: 'perfit-bench.mjs' } },
  },
});
const core = createRequire(resolve(root, '../../packages/perfit-core/package.json'));
const webgpu = dirname(core.resolve('webgpu'));
const target = join(out, 'node_modules/webgpu');
mkdirSync(target, { recursive: true });
for (const file of readdirSync(webgpu)) {
  const isBinary = statSync(join(webgpu, file)).isDirectory();
  if (file === 'node_modules') continue;
  if (file === 'dist') {
    for (const part of readdirSync(join(webgpu, 'dist'))) {
      const isOther = statSync(join(webgpu, 'dist', part)).isDirectory() && part !== values.platform;
      if (!isOther) cpSync(join(webgpu, 'dist', part), join(target, 'dist', part), { recursive: true });
    }
  } else if (!isBinary) cpSync(join(webgpu, file), join(target, file));
}
process.stdout.write(`node ${join(out, 'perfit-bench.mjs')} --help\n`);
