import { randomBytes } from 'node:crypto';
import { isEnded, knownStrategies, layoutOf, newFederation, robustProblem } from '@perfit/federation';
import {
  type Adapters,
  FederationRoom,
  type FederationRow,
  type InviteRow,
  type RoundMeter,
  silentMeter,
} from '@perfit/federation/coordinator';
import {
  type ClientAction,
  type FederationConfig,
  federationIdSchema,
  type NewInvite,
  type OperatorAction,
  type RoundAction,
} from '@perfit/protocol';
import { type Layout, layoutHash, type ModelDimensions } from '@perfit/protocol/space';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { ModelCatalogue } from '../models/model-catalogue.ts';
import { ModelError } from '../models/model-error.ts';
import { randomId } from '../random-id.ts';
import type { Store } from '../store/store.ts';
import { DiskSpool } from './disk-spool.ts';

export interface FederationsParts {
  readonly dataDirectory: string;
  readonly store: Store;
  readonly adapters: Adapters;
  readonly models: ModelCatalogue;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly maxClients: number;
  /** Who measures a federation's rounds; nobody where absent. */
  readonly meterOf?: (federation: string) => RoundMeter;
}

/** A federation cannot be made or moved as asked; the message is for its operator. */
export class FederationError extends Error {
  override readonly name = 'FederationError';
  readonly code: 'exists' | 'bad-config' | 'unknown' | 'conflict';

  constructor(code: FederationError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** The most that theta may have: two double sums of it must fit into memory. */
const LARGEST_LAYOUT = 200_000_000;

const HOUR_MS = 3_600_000;

/** All federations of this coordinator. */
export class Federations {
  private readonly parts: FederationsParts;
  private readonly rooms = new Map<string, FederationRoom>();
  private readonly listeners = new Set<(federation: string) => void>();

  constructor(parts: FederationsParts) {
    this.parts = parts;
  }

  /** [RD4] Every federation on disk goes on. One whose model is gone is left alone, with a line in the log. */
  async open(): Promise<void> {
    for (const row of await this.parts.store.federations()) {
      try {
        const layout = layoutOf(row.config, await this.parts.models.dimensions(row.config.model));
        if ((await layoutHash(layout)) !== row.layoutHash)
          throw new ModelError('The model has another shape than before.');
        const room = this.roomOf(row, layout);
        await room.open();
        this.rooms.set(row.id, room);
      } catch (error) {
        this.parts.logger.error({ federation: row.id, err: error }, 'the federation could not be taken up');
      }
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.rooms.values()].map((room) => room.close()));
  }

  /** Runs the work while no federation moves: whatever comes in waits for it. */
  withRoundsQuiesced<T>(work: () => Promise<T>): Promise<T> {
    const inAll = this.all().reduceRight<() => Promise<T>>((inner, room) => () => room.withRoundsQuiesced(inner), work);
    return inAll();
  }

  all(): FederationRoom[] {
    return [...this.rooms.values()];
  }

  find(id: string): FederationRoom | null {
    return this.rooms.get(id) ?? null;
  }

  /** @throws FederationError `unknown` */
  get(id: string): FederationRoom {
    const room = this.rooms.get(id);
    if (!room) throw new FederationError('unknown', `There is no federation "${id}".`);
    return room;
  }

  /** @throws FederationError where the id is taken, the model is missing, the layout is empty or too large, or its mean cannot be had */
  async create(config: FederationConfig, wantedId?: string): Promise<{ room: FederationRoom; invite: string | null }> {
    const { store, clock } = this.parts;
    const id = await this.freeId(config.name, wantedId);
    const dimensions = await this.modelOf(config.model);
    assertKnowsStrategy(config);
    const layout = layoutOf(config, dimensions);
    if (layout.size > LARGEST_LAYOUT) {
      throw new FederationError(
        'bad-config',
        `The adapter would have ${layout.size} numbers; ${LARGEST_LAYOUT} is the most.`,
      );
    }
    const problem = robustProblem(config, layout.size);
    if (problem) throw new FederationError('bad-config', problem);
    const createdAt = new Date(clock.now());
    const hash = await layoutHash(layout);
    const row = { id, config, layoutHash: hash, layoutSize: layout.size, state: newFederation, createdAt };
    const invite = config.access === 'invite' ? newInvite(id, createdAt) : null;
    await store.transaction(async (tx) => {
      await tx.addFederation(row);
      if (invite) await tx.addInvite(invite);
      const text = `The federation "${config.name}" is made: ${config.strategy} on ${config.model}, ${layout.size} parameters.`;
      await tx.appendEvents(id, [{ at: createdAt, kind: 'created', text, data: { layoutHash: hash } }]);
    });
    const room = this.roomOf(row, layout);
    this.rooms.set(id, room);
    this.changed(id);
    return { room, invite: invite?.code ?? null };
  }

  private async modelOf(id: string): Promise<ModelDimensions> {
    const { models } = this.parts;
    try {
      const dimensions = await models.dimensions(id);
      await models.assertNotIncomplete(id);
      return dimensions;
    } catch (error) {
      if (error instanceof ModelError) throw new FederationError('bad-config', error.message);
      throw error;
    }
  }

  /** @throws FederationError `unknown` | `conflict` */
  async addInvite(id: string, { label, maxUses, expiresInHours }: NewInvite = {}): Promise<InviteRow> {
    const { config } = this.get(id);
    if (config.access !== 'invite')
      throw new FederationError('conflict', 'The federation is open: nobody needs an invite.');
    const now = this.parts.clock.now();
    const row: InviteRow = {
      ...newInvite(id, new Date(now)),
      label: label ?? null,
      maxUses: maxUses ?? null,
      expiresAt: expiresInHours === undefined ? null : new Date(now + expiresInHours * HOUR_MS),
    };
    await this.parts.store.addInvite(row);
    this.changed(id);
    return row;
  }

  /** @returns whether there is such an invite */
  async revokeInvite(id: string, invite: string): Promise<boolean> {
    const isThere = await this.parts.store.revokeInvite(this.get(id).id, invite, new Date(this.parts.clock.now()));
    this.changed(id);
    return isThere;
  }

  /** @throws FederationError `conflict` where the action does not fit the federation's state */
  async act(id: string, action: OperatorAction): Promise<void> {
    const room = this.get(id);
    const { state } = room.status;
    if (await room.act(action)) return;
    const why = isEnded(room.state) ? 'It is over.' : '';
    throw new FederationError('conflict', `A federation that is ${state} cannot ${action} now. ${why}`.trim());
  }

  /** @throws FederationError `conflict` where that round is not in progress */
  async actOnRound(id: string, round: number, action: RoundAction): Promise<void> {
    const room = this.get(id);
    if (await room.actOnRound(round, action)) return;
    throw new FederationError('conflict', `Round ${round} is not in progress: the federation is ${room.status.state}.`);
  }

  /** @throws FederationError `unknown` */
  async moderate(id: string, client: string, done: { action: ClientAction; reason: string | null }): Promise<void> {
    if (await this.get(id).roster.moderate(client, done.action, done.reason)) return;
    throw new FederationError('unknown', `The federation knows no client "${client}".`);
  }

  /** @returns a function that ends the subscription */
  onChange(listener: (federation: string) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private changed(id: string): void {
    for (const listener of this.listeners) listener(id);
  }

  private roomOf(row: FederationRow, layout: Layout): FederationRoom {
    const { dataDirectory, store, adapters, clock, logger, maxClients } = this.parts;
    return new FederationRoom({
      space: { federation: row.id, config: row.config, layout, layoutHash: row.layoutHash },
      state: row.state,
      createdAt: row.createdAt,
      store,
      adapters,
      spool: new DiskSpool(dataDirectory, row.id),
      clock,
      logger: logger.child({ federation: row.id }),
      meter: this.parts.meterOf?.(row.id) ?? silentMeter,
      maxClients,
      onChange: () => this.changed(row.id),
    });
  }

  private async freeId(name: string, wanted?: string): Promise<string> {
    if (wanted !== undefined) {
      if (!federationIdSchema.safeParse(wanted).success) {
        throw new FederationError('bad-config', 'An id has 1 to 40 lower-case letters, digits and hyphens.');
      }
      if (this.rooms.has(wanted)) throw new FederationError('exists', `There is a federation "${wanted}" already.`);
      if (await this.parts.store.state(wanted)) {
        const text = `There is a federation "${wanted}" already; it could not be taken up at the start, and the log says why.`;
        throw new FederationError('exists', text);
      }
      return wanted;
    }
    const stem = name
      .toLowerCase()
      .normalize('NFKD')
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 28);
    return `${stem || 'federation'}-${randomBytes(3).toString('hex')}`;
  }
}

function newInvite(federation: string, createdAt: Date): InviteRow {
  const code = randomId(12);
  const id = randomId(9);
  return { code, id, federation, uses: 0, createdAt, label: null, maxUses: null, expiresAt: null, revokedAt: null };
}

/** @throws FederationError `bad-config` */
function assertKnowsStrategy({ strategy }: FederationConfig): void {
  const names = knownStrategies().map(({ name }) => name);
  if (names.includes(strategy)) return;
  throw new FederationError(
    'bad-config',
    `This coordinator does not know the strategy "${strategy}": choose one of ${names.join(', ')}.`,
  );
}
