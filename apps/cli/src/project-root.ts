import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that everything of the project lies in. */
export const projectRoot = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
