import { fileURLToPath } from 'node:url';

/** Arguments for `node` that run the command line, which global set-up has compiled from the sources as they are. */
export const perfit = ['--enable-source-maps', fileURLToPath(new URL('../apps/cli/dist/perfit.mjs', import.meta.url))];
