import { possibleActions, possibleRoundActions } from '@perfit/federation';
import {
  type Adapters,
  type ClientRow,
  type EventPage,
  type EventRow,
  type FederationRoom,
  type InviteRow,
  LeastRecentlyUsed,
  type SubmissionRow,
} from '@perfit/federation/coordinator';
import {
  type EventView,
  type FederationConfig,
  type FederationDetail,
  type FederationSummary,
  type Host,
  type InviteView,
  type MaskAtlas,
  type OperatorRole,
  SMALLEST_GROUP,
} from '@perfit/protocol';
import { maskOverlap } from '@perfit/protocol/space';
import type { Clock } from '../clock.ts';
import type { ModelCatalogue } from '../models/model-catalogue.ts';
import type { Store } from '../store/store.ts';
import { maskAtlas, moduleDensities } from './mask-atlas.ts';

const EVENTS_SHOWN = 200;
const MASKS_COMPARED = 64;

/** What people see of federations: anybody a summary, the operator everything. */
export class Views {
  private readonly store: Store;
  private readonly models: ModelCatalogue;
  private readonly adapters: Adapters;
  private readonly host: Host | undefined;
  private readonly clock: Clock;
  private readonly overlaps = new LeastRecentlyUsed<number>(100_000);
  private readonly densities = new LeastRecentlyUsed<number[]>(10_000);

  /** @param parts `host` runs the federations that name nobody */
  constructor(parts: {
    store: Store;
    models: ModelCatalogue;
    adapters: Adapters;
    clock: Clock;
    host: Host | undefined;
  }) {
    this.store = parts.store;
    this.models = parts.models;
    this.adapters = parts.adapters;
    this.host = parts.host;
    this.clock = parts.clock;
  }

  async summary(room: FederationRoom): Promise<FederationSummary> {
    const { id, config, status, space } = room;
    const host = config.host ?? this.host;
    return {
      id,
      config,
      status,
      ...(host ? { host } : {}),
      modelPath: room.descriptor.modelPath,
      modelBytes: await this.models.bytes(config.model),
      layoutSize: space.layout.size,
    };
  }

  /** @param reader a viewer is not shown what lets people in */
  async detail(room: FederationRoom, reader: OperatorRole = 'operator'): Promise<FederationDetail> {
    const { id } = room;
    const [summary, clients, rounds, submissions, events, invites] = await Promise.all([
      this.summary(room),
      this.store.clients(id),
      this.store.rounds(id),
      this.store.submissions(id),
      this.store.events(id, EVENTS_SHOWN),
      this.store.invites(id),
    ]);
    const names = new Map(clients.map((client) => [client.id, client.name]));
    return {
      ...summary,
      actions: possibleActions(room.state, room.config.schedule),
      roundActions: possibleRoundActions(room.state, room.config.schedule),
      clients: clients.map((row) => this.clientView(row, room)),
      rounds: rounds.map(({ number, attempt, state, reason, startedAt, aggregatingAt, closedAt }) => ({
        number,
        attempt,
        state,
        reason,
        startedAt: startedAt.toISOString(),
        aggregatingAt: aggregatingAt?.toISOString() ?? null,
        closedAt: closedAt?.toISOString() ?? null,
        submissions: submissions
          .filter((row) => row.round === number && row.attempt <= attempt)
          .map((row) => submissionView(row, names.get(row.client) ?? row.client)),
      })),
      events: events.map(eventView),
      joining: joiningOf(clients, room.config),
      invites: (reader === 'viewer' ? [] : invites.filter((row) => this.isUsable(row))).map(
        ({ code, uses, createdAt }) => ({ code, uses, createdAt: createdAt.toISOString() }),
      ),
      // Pairs of single people: not even their operator sees that, unless the federation was made so.
      maskOverlap: room.config.smallestGroup === 1 ? await this.overlapOf(room, clients) : { clients: [], matrix: [] },
    };
  }

  /** What the masks have in common, by groups that are large enough. */
  async atlas(room: FederationRoom): Promise<MaskAtlas> {
    const rows = await this.store.clients(room.id);
    const { clients, matrix } = await this.overlapOf(room, rows);
    const blobs = new Map(rows.map((row) => [row.id, row.maskBlob]));
    const { layout } = room.space;
    const densities: number[][] = [];
    for (const client of clients) {
      const blob = blobs.get(client);
      if (!blob) throw new Error(`no mask of ${client} is on file`);
      const known = this.densities.get(`${room.id} ${blob}`);
      const density = known ?? moduleDensities(await this.adapters.mask(room.space, blob), layout);
      if (!known) this.densities.set(`${room.id} ${blob}`, density, 1);
      densities.push(density);
    }
    return maskAtlas({ layout, overlaps: matrix, densities, smallestGroup: room.config.smallestGroup });
  }

  /** Every invite that was ever given out. */
  async invites(room: FederationRoom, joinUrl: (code: string) => string): Promise<InviteView[]> {
    return (await this.store.invites(room.id)).map((row) => this.invite(row, joinUrl(row.code)));
  }

  invite(row: InviteRow, joinUrl: string): InviteView {
    const { id, code, label, uses, maxUses, createdAt, expiresAt, revokedAt } = row;
    return {
      id,
      code,
      joinUrl,
      label,
      uses,
      usesLeft: maxUses === null ? null : Math.max(0, maxUses - uses),
      createdAt: createdAt.toISOString(),
      expiresAt: expiresAt?.toISOString() ?? null,
      revokedAt: revokedAt?.toISOString() ?? null,
      usable: this.isUsable(row),
    };
  }

  async events(room: FederationRoom, page: EventPage): Promise<EventView[]> {
    return (await this.store.eventPage(room.id, page)).map(eventView);
  }

  private isUsable({ revokedAt, expiresAt, maxUses, uses }: InviteRow): boolean {
    return !revokedAt && (!expiresAt || expiresAt.getTime() > this.clock.now()) && (maxUses === null || uses < maxUses);
  }

  private clientView(row: ClientRow, room: FederationRoom): FederationDetail['clients'][number] {
    const seat = room.seat(row.id);
    const { up, down } = room.traffic.of(row.id);
    return {
      id: row.id,
      name: row.name,
      connected: seat !== null,
      device: row.device,
      examples: row.examples,
      density: row.density,
      kept: row.maskKept,
      progress: seat?.progress ?? null,
      bytesUp: row.bytesUp + up,
      bytesDown: row.bytesDown + down,
      lastSeen: row.lastSeen.toISOString(),
      removedAt: row.removedAt?.toISOString() ?? null,
      bannedAt: row.bannedAt?.toISOString() ?? null,
    };
  }

  /** Jaccard overlap of the masks on file; each pair is computed once. */
  private async overlapOf(room: FederationRoom, rows: readonly ClientRow[]): Promise<FederationDetail['maskOverlap']> {
    const masked = rows.filter((row) => row.maskBlob !== null).slice(0, MASKS_COMPARED);
    const matrix: number[][] = [];
    for (const a of masked)
      matrix.push(await Promise.all(masked.map((b) => this.overlap(room, a.maskBlob, b.maskBlob))));
    return { clients: masked.map((row) => row.id), matrix };
  }

  private async overlap(room: FederationRoom, a: string | null, b: string | null): Promise<number> {
    if (!a || !b || a === b) return 1;
    const key = [room.id, ...[a, b].sort()].join(' ');
    const known = this.overlaps.get(key);
    if (known !== undefined) return known;
    const [left, right] = await Promise.all([this.adapters.mask(room.space, a), this.adapters.mask(room.space, b)]);
    const overlap = maskOverlap(left, right);
    this.overlaps.set(key, overlap, 1);
    return overlap;
  }
}

function eventView({ sequence, at, kind, text }: EventRow): EventView {
  return { sequence, at: at.toISOString(), kind, text };
}

function submissionView(row: SubmissionRow, name: string): FederationDetail['rounds'][number]['submissions'][number] {
  return {
    client: row.client,
    name,
    examples: row.report.examples,
    weight: row.weight,
    norm: row.norm,
    bytes: row.bytes,
    loss: row.report.loss ?? null,
    perplexity: row.report.perplexity ?? null,
    receivedAt: row.receivedAt.toISOString(),
  };
}

/** [PF9] Never of single people: they share it to be counted. */
function joiningOf(
  clients: readonly ClientRow[],
  { smallestGroup = SMALLEST_GROUP }: FederationConfig,
): FederationDetail['joining'] {
  const told = clients.flatMap(({ conclusion }) => conclusion ?? []);
  if (told.length === 0 || told.length < smallestGroup) return null;
  const logs = told.map(({ perplexity }) => Math.log(perplexity.together / perplexity.alone));
  const count = (verdict: (typeof told)[number]['verdict']) => told.filter((one) => one.verdict === verdict).length;
  return {
    people: told.length,
    helped: count('helped'),
    didNotHelp: count('did-not-help'),
    ratio: Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length),
  };
}
