export { bestBackend } from './best-backend.ts';
export { directorySource } from './directory-source.ts';
export { nodeBackend } from './node-backend.ts';
