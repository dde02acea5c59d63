export { type Clock, systemClock } from './clock.ts';
export { type Coordinator, type CoordinatorOptions, createCoordinator, type Limits } from './coordinator.ts';
export { FederationError } from './federations/federations.ts';
export { openApiDocument } from './http/openapi.ts';
export { StartupError } from './startup-error.ts';
