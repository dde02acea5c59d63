import { fileURLToPath } from 'node:url';

/** The model and its fixture that are part of this repository. */
export const perfitNano = fileURLToPath(new URL('../../../models/perfit-nano', import.meta.url));
export const perfitNanoFixture = `${perfitNano}/fixture`;
