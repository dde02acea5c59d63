import { statfs } from 'node:fs/promises';
import type { FederationRoom } from '@perfit/federation/coordinator';
import { PROTOCOL_VERSION } from '@perfit/protocol';
import { Counter, collectDefaultMetrics, Gauge, type Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import type { Federations } from '../federations/federations.ts';

const states = ['recruiting', 'training', 'aggregating', 'paused', 'finished', 'failed', 'stopped'] as const;

/** What is read when it is asked for: from the rooms, the disk and the process. */
export function addReadings(
  registry: Registry,
  { federations, dataDirectory, clock }: { federations: Federations; dataDirectory: string; clock: Clock },
): void {
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'perfit_build_info',
    help: 'Always 1; what runs stands in the labels',
    labelNames: ['protocol', 'node'],
    registers: [registry],
  }).set({ protocol: String(PROTOCOL_VERSION), node: process.version }, 1);
  new Gauge({
    name: 'perfit_disk_free_bytes',
    help: 'Room that is left where the data directory is',
    registers: [registry],
    async collect() {
      const { bavail, bsize } = await statfs(dataDirectory);
      this.set(bavail * bsize);
    },
  });
  new Gauge({
    name: 'perfit_federations',
    help: 'Federations by state',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const rooms = federations.all();
      for (const state of states) {
        this.set({ state }, rooms.filter((room) => room.status.state === state).length);
      }
    },
  });

  gauge('perfit_clients_ready', 'Clients that are connected and ready', (room) => room.status.ready);
  gauge('perfit_theta_version', 'How often theta_g was committed', (room) => room.status.version);
  gauge(
    'perfit_round_overdue_seconds',
    'How long a round has been open past its deadline: more than a moment means that something is stuck',
    ({ state }) => (state.state === 'training' ? Math.max(0, clock.now() - state.deadline) / 1000 : 0),
  );
  counter('perfit_received_bytes_total', 'Bytes of masks and deltas that came', (room) => room.traffic.total.up);
  counter('perfit_sent_bytes_total', 'Bytes of adapters that went out', (room) => room.traffic.total.down);

  function gauge(name: string, help: string, read: (room: FederationRoom) => number): void {
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

  /** Of something that is counted already. */
  function counter(name: string, help: string, read: (room: FederationRoom) => number): void {
    new Counter({
      name,
      help,
      labelNames: ['federation'],
      registers: [registry],
      collect() {
        this.reset();
        for (const room of federations.all()) this.inc({ federation: room.id }, read(room));
      },
    });
  }
}
