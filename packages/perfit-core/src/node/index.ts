export { bestBackend } from './best-backend.ts';
export { directorySource } from './directory-source.ts';
export { modelAt, modelName, modelPlace } from './model-at.ts';
export { nodeBackend } from './node-backend.ts';
export { templateNotesInTime } from './template-look.ts';
