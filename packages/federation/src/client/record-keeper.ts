import { ProtocolError } from '@perfit/protocol';
import type { ClientEvent } from './client-event.ts';
import type { ClientRecord, ClientStore } from './ports.ts';

const nothing: Omit<ClientRecord, 'layoutHash'> = {
  mask: null,
  maskRound: null,
  tuned: null,
  best: null,
  basePerplexity: null,
  inProgress: null,
  search: null,
  residual: null,
  tunedRounds: [],
  mean: null,
  twin: null,
  kept: null,
};

/** What a client knows of its federation, in memory and in its store. */
export class RecordKeeper {
  record: ClientRecord;
  /** True where the store already had something. */
  readonly isKnown: boolean;
  private readonly options: RecordKeeperOptions;

  private constructor(options: RecordKeeperOptions, stored: ClientRecord | null) {
    this.options = options;
    this.isKnown = stored !== null;
    this.record = stored ?? { layoutHash: options.layoutHash, ...nothing };
  }

  /** A record of another layout is of no use: nothing in it fits. */
  static async open(options: RecordKeeperOptions): Promise<RecordKeeper> {
    const stored = await options.store.load(options.federation);
    return new RecordKeeper(options, stored?.layoutHash === options.layoutHash ? stored : null);
  }

  /** A full disk must not end the work: what cannot be saved is only lost at the next reload. */
  async update(changes: Partial<Omit<ClientRecord, 'layoutHash'>>): Promise<void> {
    this.record = { ...this.record, ...changes };
    try {
      await this.options.store.save(this.options.federation, this.record);
    } catch (cause) {
      const error = new ProtocolError('storage-failed', `This device could not save its progress: ${String(cause)}`);
      this.options.emit({ type: 'problem', error, retry: 'Work goes on; after a reload some of it is done again.' });
    }
  }
}

interface RecordKeeperOptions {
  readonly store: ClientStore;
  readonly federation: string;
  readonly layoutHash: string;
  readonly emit: (event: ClientEvent) => void;
}
