import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { offlineShell } from './build/offline-shell.ts';

// `npm run dev` names the one that it started; else the one of `npm start`.
const coordinator = process.env.PERFIT_COORDINATOR ?? 'http://localhost:4173';

// The coordinator sends the same headers. Threads of WebAssembly need an isolated page.
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

const proxy = {
  '/api': { target: coordinator },
  // What lies below it are files of models; the address itself is a page.
  '^/models/': { target: coordinator },
  '/socket.io': { target: coordinator, ws: true },
};

export default defineConfig({
  plugins: [react(), offlineShell()],
  server: { headers: isolation, proxy },
  preview: {
    proxy,
    headers: {
      ...isolation,
      'Content-Security-Policy': [
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        // The coordinator makes a nonce for each page; a server of files alone cannot.
        "style-src 'self' 'unsafe-inline'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
      ].join('; '),
    },
  },
  // The worker's libraries: without this the dev server finds them one by one and reloads the page each time.
  optimizeDeps: {
    // A worker is no import of the page's, so that its libraries would be found when it starts.
    entries: ['index.html', 'src/engine/engine-worker.ts'],
    include: ['@tensorflow/tfjs-backend-wasm', '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js'],
  },
  worker: { format: 'es' },
  build: {
    outDir: 'dist',
    sourcemap: true,
    target: 'es2022',
    // The content policy lets nothing be fetched from data: addresses.
    assetsInlineLimit: 0,
    // The worker carries TensorFlow.js; the page does not.
    chunkSizeWarningLimit: 2000,
    // A schema that is made before zod is told to do without eval would try it: both come in one piece.
    rolldownOptions: {
      output: { codeSplitting: { groups: [{ name: 'schemas', test: /[\\/]node_modules[\\/]zod[\\/]|without-eval/ }] } },
    },
  },
});
