import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Federations } from '../federations/federations.ts';

const states = ['recruiting', 'training', 'aggregating', 'paused', 'finished', 'failed', 'stopped'] as const;

/** Numbers for Prometheus, read from the rooms when they are asked for. */
export function createMetrics(federations: Federations): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'perfit_federations',
    help: 'Federations by state',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      for (const state of states) {
        this.set({ state }, federations.all().filter((room) => room.status.state === state).length);
      }
    },
  });
  perFederation('perfit_clients_ready', 'Clients that are connected and ready', (room) => room.status.ready);
  perFederation('perfit_theta_version', 'How often theta_g was committed', (room) => room.status.version);
  perFederation(
    'perfit_bytes_up',
    'Bytes of masks and deltas that came since the start',
    (room) => room.traffic.total.up,
  );
  perFederation(
    'perfit_bytes_down',
    'Bytes of adapters that went out since the start',
    (room) => room.traffic.total.down,
  );
  return registry;

  function perFederation(name: string, help: string, read: (room: ReturnType<Federations['all']>[number]) => number) {
    new Gauge({
      name,
      help,
      labelNames: ['federation'],
      registers: [registry],
      collect() {
        for (const room of federations.all()) this.set({ federation: room.id }, read(room));
      },
    });
  }
}
