import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

/** What text must pass before it becomes markup or a script's address: `src/app/trusted-types.ts`. */
const TRUSTED_TYPES = "require-trusted-types-for 'script'; trusted-types default";

/**
 * Makes the built page installable and able to start without the network: writes `sw.js`, which knows every file of this
 * build by name, and tells the page which build it is.
 */
export function offlineShell(): Plugin {
  const source = join(import.meta.dirname, '../src/service-worker/service-worker.js');
  let publicFiles: string[] = [];
  return {
    name: 'perfit-offline-shell',
    apply: 'build',
    configResolved(config) {
      publicFiles = readdirSync(config.publicDir);
    },
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: TRUSTED_TYPES },
        injectTo: 'head-prepend',
      },
    ],
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const html = bundle['index.html'];
        if (html?.type !== 'asset') throw new Error('the build has no index.html');
        const assets = Object.keys(bundle).filter((name) => name.startsWith('assets/') && !name.endsWith('.map'));
        const files = [...assets, ...publicFiles].sort().map((name) => `/${name}`);
        const worker = readFileSync(source, 'utf8');
        const build = createHash('sha256').update(files.join()).update(html.source).update(worker).digest('hex');
        const id = build.slice(0, 16);
        html.source = String(html.source).replace('__BUILD__', id);
        this.emitFile({
          type: 'asset',
          fileName: 'sw.js',
          source: `const BUILD = '${id}';\nconst FILES = ${JSON.stringify(files)};\n${worker}`,
        });
      },
    },
  };
}
