// Compiles our programs for the processor (assembly/) into src/wasm/compiled.ts: with plain SIMD and with the relaxed
// instructions. `scripts/setup.mjs` runs this where a source has changed; the outcome is not committed.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = dirname(fileURLToPath(import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'perfit-programs-'));
const ways = { plain: [], relaxed: ['--enable', 'relaxed-simd'] };
/** Without a runtime and without a byte of data: the memory is tfjs'. */
const always = [
  '--runtime',
  'stub',
  '--importMemory',
  '--noExportMemory',
  '--enable',
  'simd',
  '--use',
  'abort=',
  '--noAssert',
];

try {
  const compiled = {};
  for (const [way, flags] of Object.entries(ways)) {
    const file = join(folder, `${way}.wasm`);
    const { error, stderr } = await asc.main([
      'assembly/index.ts',
      '--baseDir',
      root,
      '--outFile',
      file,
      '-O3',
      ...always,
      ...flags,
    ]);
    if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
    compiled[way] = readFileSync(file).toString('base64');
  }
  const text = `// Made by build-programs.mjs.\nexport const compiled = ${JSON.stringify(compiled, null, 2)} as const;\n`;
  writeFileSync(join(root, 'src', 'wasm', 'compiled.ts'), text);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
