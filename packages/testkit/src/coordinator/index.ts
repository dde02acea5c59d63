/** Coordinators on real folders. Apart from the rest, because it loads the coordinator with its database. */
export { type Folders, layEmptyDatabase, makeFolders } from './folders.ts';
export { hostCoordinator, operator, startCoordinator } from './host-coordinator.ts';
