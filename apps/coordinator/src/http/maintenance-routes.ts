import type { Readable } from 'node:stream';
import { type AdminRoute, adminRoute } from './admin-route.ts';

export interface MaintenanceParts {
  /** A tar archive. */
  backup(): Promise<Readable>;
}

/** What concerns the coordinator as a whole. */
export function maintenanceRoutes({ backup }: MaintenanceParts): AdminRoute[] {
  return [
    adminRoute({
      method: 'POST',
      path: '/backup',
      needs: 'admin',
      summary: 'Everything of the coordinator as a tar archive, while its rounds go on',
      deed: 'backup.make',
      answer: 'application/x-tar',
      handle({ reply }) {
        const name = `perfit-${new Date().toISOString().slice(0, 10)}.tar`;
        reply.header('content-disposition', `attachment; filename="${name}"`);
        return backup();
      },
    }),
  ];
}
