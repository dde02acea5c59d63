import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { isEnded, type RoundState } from '@perfit/federation';
import { Adapters, UploadSlots } from '@perfit/federation/coordinator';
import { type FederationConfigInput, type FederationDetail, federationConfigSchema, type Host } from '@perfit/protocol';
import type { Logger } from 'pino';
import { ApiKeys } from './access/api-keys.ts';
import { AuditLog } from './access/audit-log.ts';
import { OperatorAccounts } from './access/operator-accounts.ts';
import { OWASP_COST, type PasswordCost } from './access/passwords.ts';
import { Sessions } from './access/sessions.ts';
import { clearBackups, writeBackup } from './backup/write-backup.ts';
import { BlobStore } from './blobs/blob-store.ts';
import { type Clock, systemClock } from './clock.ts';
import { lockDataDirectory } from './data-directory/lock.ts';
import { loadSecret } from './data-directory/secret.ts';
import { writingProblem } from './data-directory/storage-problem.ts';
import { Federations } from './federations/federations.ts';
import { Views } from './federations/views.ts';
import { addressOf, createHttpServer } from './http/http-server.ts';
import { Origins } from './http/origins.ts';
import { createLogger } from './logger.ts';
import { FederationMeter, Meters } from './metrics/meters.ts';
import { ModelCatalogue } from './models/model-catalogue.ts';
import { ModelHashes } from './models/model-hashes.ts';
import { attachClients } from './sockets/client-gateway.ts';
import { attachOperators } from './sockets/operator-gateway.ts';
import { createSocketServer } from './sockets/socket-server.ts';
import { StartupError } from './startup-error.ts';
import { AccessStore } from './store/access-store.ts';
import { openDatabase } from './store/database.ts';
import { SqlStore } from './store/store.ts';

export interface CoordinatorOptions {
  /** Everything that it keeps: database, blobs, deltas under way, its lock and its session key. */
  readonly dataDirectory: string;
  /** One folder a base model. */
  readonly modelsDirectory: string;
  /** The built web client; without it the coordinator serves its APIs only. */
  readonly webRoot?: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** A Postgres server instead of the embedded database. */
  readonly databaseUrl?: string;
  /** Made at the first start, or given this password; without it one is made up at the first start. */
  readonly operator?: { readonly name: string; readonly password: string };
  /** Of passwords that are set from now on; OWASP's where absent. */
  readonly passwordCost?: PasswordCost;
  /** Who runs the federations that name nobody themselves. */
  readonly runBy?: Host;
  /** Further origins whose pages may connect, and its own where that is a domain name. */
  readonly origins?: readonly string[];
  /** Let pages read models from the Hugging Face Hub; without it they talk to this coordinator only. */
  readonly allowHub?: boolean;
  /** Believe X-Forwarded-* : only behind a proxy that sets them. */
  readonly trustProxy?: boolean;
  readonly limits?: Partial<Limits>;
  readonly logger?: Logger;
  readonly clock?: Clock;
}

interface Limits {
  readonly messagesPerSecond: number;
  readonly connectionsPerAddress: number;
  readonly uploads: number;
  readonly clientsPerFederation: number;
  /** Of one name or address, before each further one makes them wait, for longer and longer. */
  readonly loginFailures: number;
}

const defaultLimits: Limits = {
  messagesPerSecond: 500,
  connectionsPerAddress: 500,
  uploads: 128,
  clientsPerFederation: 10_000,
  loginFailures: 10,
};

export interface Coordinator {
  readonly url: string;
  readonly port: number;
  /** The password where it was made up at this start: it cannot be read later. */
  readonly operator: { readonly name: string; readonly password: string | null };
  /** @throws ZodError for a wrong configuration, FederationError for one that cannot be had here */
  createFederation(
    input: FederationConfigInput,
    options?: { id?: string; start?: boolean },
  ): Promise<{ id: string; joinUrl: string; invite: string | null }>;
  /** The federations that are not over, with a link that lets people in. */
  openFederations(): Promise<{ id: string; name: string; joinUrl: string }[]>;
  /** @throws FederationError where the action does not fit */
  act(id: string, action: 'start' | 'pause' | 'resume' | 'stop'): Promise<void>;
  detail(id: string): Promise<FederationDetail>;
  /** theta_g at a version, the last one by default. @returns [N], a copy */
  globalTheta(id: string, version?: number): Promise<Float32Array>;
  /** How the rounds of a federation stand, for whoever conducts it from the same process. */
  roundState(id: string): RoundState;
  /** Resolves when the federation has done what follows from everything that has come so far. */
  settled(id: string): Promise<void>;
  /** Ends connections, finishes what is being stored, closes the database and gives the data directory back. */
  close(): Promise<void>;
}

/** A coordinator that listens. @throws StartupError with a sentence for the person who started it */
export async function createCoordinator(options: CoordinatorOptions): Promise<Coordinator> {
  const undo: (() => Promise<void>)[] = [];
  const shutDown = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    return await start(options, undo, shutDown);
  } catch (error) {
    await shutDown().catch(() => {});
    throw error;
  }
}

/** From the disk upwards; each thing that is opened says how it is closed. */
async function start(
  options: CoordinatorOptions,
  undo: (() => Promise<void>)[],
  shutDown: () => Promise<void>,
): Promise<Coordinator> {
  const { dataDirectory, clock = systemClock, logger = createLogger('warn') } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const origins = new Origins(options.origins ?? []);
  const models = await ModelCatalogue.open(options.modelsDirectory);
  undo.push(() => models.close());

  await makeDataDirectory(dataDirectory);
  const problem = await writingProblem(dataDirectory);
  if (problem) throw new StartupError('data-directory', `${problem} (${dataDirectory})`);
  undo.push(await lockDataDirectory(dataDirectory));
  await clearBackups(dataDirectory);
  const secret = await loadSecret(dataDirectory);
  const blobs = await BlobStore.open(join(dataDirectory, 'blobs'));
  const hashes = await ModelHashes.open(join(dataDirectory, 'model-hashes'), logger);
  undo.push(() => hashes.close());
  const database = await openDatabase(join(dataDirectory, 'database'), options.databaseUrl);
  undo.push(() => database.close());

  const store = new SqlStore(database.database);
  const adapters = new Adapters(blobs, store);
  const meters = new Meters();
  const views = new Views({ store, models, adapters, clock, host: options.runBy });
  const access = new AccessStore(database.database);
  const sessions = new Sessions({ store: access, secret, clock });
  const keys = new ApiKeys(access, clock);
  const audit = new AuditLog({ store: access, clock, logger });
  const { loginFailures } = limits;
  const { passwordCost = OWASP_COST } = options;
  const accounts = new OperatorAccounts({ store: access, sessions, clock, loginFailures, passwordCost });
  const operator = await accounts.ensure(options.operator);
  const federations = new Federations({
    dataDirectory,
    store,
    adapters,
    models,
    clock,
    logger,
    maxClients: limits.clientsPerFederation,
    meterOf: (federation) => new FederationMeter(meters, federation),
  });
  undo.push(() => federations.close());
  await federations.open();

  let url = '';
  const joinUrl = (id: string, invite: string | null) =>
    new URL(`/join/${id}${invite ? `?invite=${encodeURIComponent(invite)}` : ''}`, url).href;
  const { webRoot, trustProxy = false, allowHub = false } = options;
  const http = await createHttpServer({
    accounts,
    sessions,
    keys,
    audit,
    federations,
    views,
    models,
    hashes,
    origins,
    joinUrl,
    store,
    dataDirectory,
    clock,
    backup: () =>
      writeBackup({
        dataDirectory,
        database: database.database,
        withRoundsQuiesced: (work) => federations.withRoundsQuiesced(work),
      }),
    webRoot,
    allowHub,
    trustProxy,
    meters,
    logger,
  });
  undo.push(() => http.close());
  const sockets = createSocketServer(http.server, {
    origins,
    connectionsPerAddress: limits.connectionsPerAddress,
    addressOf: (request) => addressOf(request, trustProxy),
    meters,
  });
  undo.push(() => sockets.close());
  const slots = new UploadSlots(limits.uploads, clock);
  const { messagesPerSecond } = limits;
  attachClients(sockets.of('/'), { federations, slots, clock, logger, meters, messagesPerSecond });
  attachOperators(sockets.of('/operator'), { sessions, keys, federations, views, origins, clock, logger });

  await listen(http, options);
  const { port } = http.server.address() as AddressInfo;
  url = urlOf(options.host, port);
  logger.info({ url, database: database.kind }, 'the coordinator listens');

  return {
    url,
    port,
    operator,
    async createFederation(input, { id, start = false } = {}) {
      const { room, invite } = await federations.create(federationConfigSchema.parse(input), id);
      if (start) await federations.act(room.id, 'start');
      return { id: room.id, joinUrl: joinUrl(room.id, invite), invite };
    },
    async openFederations() {
      const open = federations.all().filter((room) => !isEnded(room.state));
      return Promise.all(
        open.map(async ({ id, config }) => {
          const invites = await views.invites(federations.get(id), (code) => joinUrl(id, code));
          return { id, name: config.name, joinUrl: invites.find(({ usable }) => usable)?.joinUrl ?? joinUrl(id, null) };
        }),
      );
    },
    act: (id, action) => federations.act(id, action),
    detail: (id) => views.detail(federations.get(id)),
    roundState: (id) => federations.get(id).state,
    settled: (id) => federations.get(id).withRoundsQuiesced(async () => {}),
    globalTheta: async (id, version) => (await federations.get(id).theta(version)).slice(),
    async close() {
      logger.info('the coordinator shuts down');
      await shutDown();
      logger.info('the coordinator has shut down');
    },
  };
}

async function makeDataDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartupError('data-directory', `The data directory ${directory} cannot be made: ${reason}.`, {
      cause: error,
    });
  }
}

async function listen(
  http: Awaited<ReturnType<typeof createHttpServer>>,
  { host, port }: CoordinatorOptions,
): Promise<void> {
  try {
    await http.listen({ host, port });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new StartupError('address-in-use', `Port ${port} of ${host} is in use by another program.`, {
        cause: error,
      });
    }
    throw new StartupError('address', `The coordinator cannot listen on ${host}, port ${port}: ${message}.`, {
      cause: error,
    });
  }
}

/** An address that a browser on this machine can open. */
function urlOf(host: string, port: number): string {
  if (host === '0.0.0.0' || host === '::') return `http://localhost:${port}`;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
