// The script that a browser must load before it shows a page, compressed: the limit of docs/architecture.md. The worker
// with TensorFlow.js and the pages that are loaded when they are visited do not count.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const LIMIT = 250_000;
const dist = join(dirname(dirname(fileURLToPath(import.meta.url))), 'apps/web-client/dist');

const html = readFileSync(join(dist, 'index.html'), 'utf8');
const scripts = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(([, path]) => path);
const sizes = scripts.map((path) => gzipSync(readFileSync(join(dist, path))).length);
const total = sizes.reduce((sum, size) => sum + size, 0);
if (scripts.length === 0)
  throw new Error('apps/web-client/dist/index.html loads no script: build the web client first');

console.log(`first load: ${total} bytes of compressed script in ${scripts.length} files, of ${LIMIT}`);
if (total > LIMIT) {
  for (const [i, path] of scripts.entries()) console.error(`${sizes[i]} ${path}`);
  console.error('The first load is too large: load what is not needed at once when it is.');
  process.exit(1);
}
