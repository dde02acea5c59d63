// Compiles `perfit` and our packages under it into dist/, so that it starts in a third of the time that transforming
// each source takes. Libraries stay where they are installed, and so do our files: what a source says about its own
// place (`import.meta`) keeps meaning the source's. `scripts/setup.mjs` runs this where a source has changed.
import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';

const root = dirname(fileURLToPath(import.meta.url));

/** Libraries by the file that Node gives the source that imports them: dist/ lies in another package than most do. */
const installedLibraries = {
  name: 'installed-libraries',
  enforce: 'pre',
  resolveId(source, importer) {
    if (!importer || /^[./\0]|^node:/.test(source)) return null;
    // Before Node 26 the second argument asks for --experimental-import-meta-resolve.
    const url = import.meta.resolve(source, pathToFileURL(importer).href);
    return url.includes('/node_modules/') ? { id: url, external: true } : fileURLToPath(url);
  },
};

const placesOfSources = {
  name: 'places-of-sources',
  transform(code, id) {
    if (!code.includes('import.meta.') || id.includes('/node_modules/')) return null;
    const places = { url: pathToFileURL(id).href, dirname: dirname(id), filename: id };
    const placed = code.replace(/\bimport\.meta\.(url|dirname|filename)\b/g, (_, name) => JSON.stringify(places[name]));
    // Lines stay lines.
    return { code: placed, map: null };
  },
};

await build({
  root,
  configFile: false,
  logLevel: 'warn',
  plugins: [installedLibraries, placesOfSources],
  ssr: { noExternal: true },
  build: {
    ssr: 'src/main.ts',
    outDir: resolve(root, 'dist'),
    emptyOutDir: true,
    target: 'node20',
    sourcemap: true,
    minify: false,
    rolldownOptions: {
      checks: { pluginTimings: false },
      output: { entryFileNames: 'perfit.mjs', chunkFileNames: '[name]-[hash].mjs' },
    },
  },
});
