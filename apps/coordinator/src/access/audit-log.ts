import type { AuditPage } from '@perfit/protocol';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { AccessStore, AuditFilter } from '../store/access-store.ts';
import type { Principal } from './principal.ts';

export interface Deed {
  /** Null for somebody who has not proven who they are. */
  readonly by: Principal | null;
  readonly address: string;
  /** Of what kind, and what: `federation.create`. */
  readonly action: string;
  /** Server-made ids and names of operators; never what somebody typed as a secret. */
  readonly target: string | null;
  /** `done`, or the code of the refusal. */
  readonly outcome: string;
}

/** Who did what to what, from where and when, and what came of it. Entries are added and never changed. */
export class AuditLog {
  private readonly store: AccessStore;
  private readonly clock: Clock;
  private readonly logger: Logger;

  constructor(parts: { store: AccessStore; clock: Clock; logger: Logger }) {
    this.store = parts.store;
    this.clock = parts.clock;
    this.logger = parts.logger;
  }

  /** What is done is done: where it cannot be noted here, the process's log has it. */
  async note({ by, address, action, target, outcome }: Deed): Promise<void> {
    const entry = {
      at: new Date(this.clock.now()),
      actor: by?.name ?? null,
      actorKind: by?.kind ?? ('stranger' as const),
      address: address.slice(0, 100),
      action,
      target: target?.slice(0, 200) ?? null,
      outcome,
    };
    await this.store.addAudit(entry).catch((error: unknown) => {
      this.logger.error({ audit: entry, err: error }, 'a deed could not be put into the audit log');
    });
  }

  /** Newest first. */
  async page(filter: AuditFilter): Promise<AuditPage> {
    const rows = await this.store.audit(filter);
    return {
      entries: rows.map(({ at, ...row }) => ({ ...row, at: at.toISOString() })),
      next: rows.length === filter.limit ? (rows.at(-1)?.sequence ?? null) : null,
    };
  }
}
