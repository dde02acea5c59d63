import { type Coordinator, type CoordinatorOptions, createCoordinator } from '@perfit/coordinator';
import { pino } from 'pino';
import { afterAll, beforeAll } from 'vitest';
import { type Folders, makeFolders } from './folders.ts';

export const operator = { name: 'ada', password: 'correct horse battery staple' };

export function startCoordinator(folders: Folders, options: Partial<CoordinatorOptions> = {}): Promise<Coordinator> {
  const { dataDirectory, modelsDirectory } = folders;
  return createCoordinator({
    dataDirectory,
    modelsDirectory,
    host: '127.0.0.1',
    port: 0,
    operator,
    // The real one takes a third of a second for each start and login.
    passwordCost: { N: 2, r: 1, p: 1 },
    logger: pino({ level: process.env.LOG_LEVEL ?? 'silent' }),
    ...options,
  });
}

/** What lies in the folders before the start. @returns options that follow from it */
type Preparation = (folders: Folders) => Promise<Partial<CoordinatorOptions>>;

/** One coordinator for the tests of a file, from before the first to after the last. */
export function hostCoordinator(
  options: Partial<CoordinatorOptions> = {},
  prepare: Preparation = async () => ({}),
): HostedCoordinator {
  const hosted = new HostedCoordinator(options);
  beforeAll(() => hosted.open(prepare), 120_000);
  afterAll(() => hosted.remove());
  return hosted;
}

/** A coordinator that its test may close and start again, on the same folders and with the same options. */
export class HostedCoordinator implements Omit<Coordinator, 'operator' | 'roundState' | 'settled'> {
  private options: Partial<CoordinatorOptions>;
  private made: Folders | null = null;
  private latest: Coordinator | null = null;
  private isUp = false;

  constructor(options: Partial<CoordinatorOptions>) {
    this.options = options;
  }

  get folders(): Folders {
    return there(this.made);
  }

  get url(): string {
    return there(this.latest).url;
  }

  get port(): number {
    return there(this.latest).port;
  }

  readonly createFederation: Coordinator['createFederation'] = (...about) =>
    there(this.latest).createFederation(...about);
  readonly openFederations: Coordinator['openFederations'] = () => there(this.latest).openFederations();
  readonly act: Coordinator['act'] = (...about) => there(this.latest).act(...about);
  readonly detail: Coordinator['detail'] = (id) => there(this.latest).detail(id);
  readonly globalTheta: Coordinator['globalTheta'] = (...about) => there(this.latest).globalTheta(...about);

  async open(prepare: Preparation): Promise<void> {
    this.made = await makeFolders();
    this.options = { ...this.options, ...(await prepare(this.made)) };
    await this.start();
  }

  /** Once it is closed. */
  async start(options: Partial<CoordinatorOptions> = {}): Promise<void> {
    this.latest = await startCoordinator(this.folders, { ...this.options, ...options });
    this.isUp = true;
  }

  async close(): Promise<void> {
    if (!this.isUp) return;
    this.isUp = false;
    await this.latest?.close();
  }

  /** At the same address. */
  async restart(): Promise<void> {
    await this.close();
    await this.start({ port: this.port });
  }

  /** With its folders. */
  async remove(): Promise<void> {
    await this.close();
    await this.made?.remove();
  }
}

function there<T>(part: T | null): T {
  if (part === null) throw new Error('a hosted coordinator is there from the first test of its file on');
  return part;
}
