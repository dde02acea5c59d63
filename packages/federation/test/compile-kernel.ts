// Compiles the sums' kernel. Only who changes sums.wat needs it: what it writes is committed, and a test compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import wabt from 'wabt';

const folder = join(import.meta.dirname, '../src/aggregation/kernel');

/** sums.wat compiled, in base64. */
export async function compileKernel(): Promise<string> {
  const { parseWat } = await wabt();
  const kernel = parseWat('sums.wat', readFileSync(join(folder, 'sums.wat'), 'utf8'), { simd: true });
  kernel.resolveNames();
  kernel.validate();
  return Buffer.from(kernel.toBinary({}).buffer).toString('base64');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const text = `/** sums.wat, compiled: \`npx tsx test/compile-kernel.ts\` writes this file. */\nexport const sumsWasm =\n  '${await compileKernel()}';\n`;
  writeFileSync(join(folder, 'sums-wasm.ts'), text);
}
