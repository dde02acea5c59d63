export { restoreBackup } from './backup/restore-backup.ts';
export { type Clock, systemClock } from './clock.ts';
export { type Coordinator, type CoordinatorOptions, createCoordinator } from './coordinator.ts';
export { openApiDocument } from './http/openapi.ts';
export { createLogger } from './logger.ts';
