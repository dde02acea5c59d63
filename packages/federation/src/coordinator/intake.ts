import {
  type Announce,
  decodeMask,
  decodeValues,
  maskHash,
  ProtocolError,
  type Ready,
  type Receipt,
  type RequestOf,
} from '@perfit/protocol';
import { checkDelta, weightOf } from '../aggregation/delta-check.ts';
import { checkMaskRound } from '../round/admission.ts';
import { versionOf } from '../round/round-state.ts';
import { checkExchangedMask } from '../strategy/registry.ts';
import type { AdapterSpace, Adapters, Payload } from './adapters.ts';
import { clientRow } from './client-row.ts';
import type { TimerClock } from './clock.ts';
import type { Logger, UploadFile } from './ports.ts';
import { type PendingSubmission, type RoundDriver, receiptOf } from './round-driver.ts';
import type { Seat } from './seat.ts';
import type { Seats } from './seats.ts';
import type { FederationStore } from './store.ts';

export type DeltaAnnounce = Extract<Announce, { kind: 'delta' }>;
export type MaskAnnounce = Extract<Announce, { kind: 'mask' }>;

export interface IntakeParts {
  readonly space: AdapterSpace;
  readonly store: FederationStore;
  readonly adapters: Adapters;
  readonly clock: TimerClock;
  readonly logger: Logger;
  readonly driver: RoundDriver;
  readonly seats: Seats;
  readonly onChange: () => void;
  /** @throws ProtocolError `shutting-down` */
  readonly assertOpen: () => void;
}

/** What clients send of themselves, masks and deltas, and what they get: checked, stored, answered. */
export class Intake {
  private readonly parts: IntakeParts;
  private readonly federation: string;
  private readonly driver: RoundDriver;
  private readonly seats: Seats;

  constructor(parts: IntakeParts) {
    this.parts = parts;
    this.federation = parts.space.federation;
    this.driver = parts.driver;
    this.seats = parts.seats;
  }

  /** [UP1] [UP4] @returns the receipt where this mask is on file already, or how many bytes it may have at most */
  async admitMask(client: string, message: MaskAnnounce): Promise<Receipt | null> {
    this.assertReady(client);
    checkMaskRound(this.driver.state, message.round);
    const row = await clientRow(this.parts.store, this.federation, client);
    if (row.maskBlob !== message.sha256 || row.maskBytes === null) return null;
    await this.parts.store.updateClient(this.federation, client, { maskRound: message.round });
    return { kind: 'mask', round: message.round, sha256: message.sha256, bytes: row.maskBytes };
  }

  /** [UP3] A whole mask whose hash is right. */
  async takeMask(client: string, message: MaskAnnounce, bytes: Uint8Array): Promise<Receipt> {
    const { density } = this.assertReady(client);
    const { layout, layoutHash } = this.parts.space;
    const mask = await decodeMask(bytes, { layoutHash, size: layout.size });
    checkExchangedMask(mask, layout, { config: this.parts.space.config, density, round: message.round });
    const hash = await maskHash(mask);
    const blob = await this.parts.adapters.keepMask(bytes);
    return this.driver.queue.run(async () => {
      checkMaskRound(this.driver.state, message.round);
      await this.parts.store.transaction(async (tx) => {
        await tx.updateClient(this.federation, client, {
          maskBlob: blob,
          maskHash: hash,
          maskBytes: bytes.length,
          maskKept: mask.kept,
          maskRound: message.round,
        });
        await tx.appendEvents(this.federation, [
          {
            at: this.now(),
            kind: 'mask-received',
            text: `${this.seats.nameOf(client)}'s mask keeps ${mask.kept} of ${mask.size} positions.`,
            data: { client, kept: mask.kept, hash },
          },
        ]);
      });
      this.parts.onChange();
      return { kind: 'mask', round: message.round, sha256: blob, bytes: bytes.length };
    });
  }

  /** [UP1] [UP4] [UP5] @returns the first receipt, or the mask that the delta must be packed by */
  async admitDelta(client: string, message: DeltaAnnounce): Promise<{ receipt: Receipt } | { kept: number }> {
    const accepted = await this.parts.store.submission(this.federation, message.round, client);
    if (accepted) return { receipt: receiptOf(accepted) };
    const seat = this.assertReady(client);
    const { round, attempt } = message;
    this.driver.assertTakes({ client, round, attempt });
    const most = seat.ready.examples.training;
    if (message.report.examples > most) {
      const text = `The report names ${message.report.examples} examples; the client has said that it trains on ${most}.`;
      throw new ProtocolError('delta-examples', text, { most });
    }
    const { maskKept } = await clientRow(this.parts.store, this.federation, client);
    if (maskKept === null) {
      throw new ProtocolError('mask-missing', 'No mask of this client is on file: it must be sent before the delta.');
    }
    return { kept: maskKept };
  }

  /** [UP3] [UP4] [RD3] A whole delta whose hash is right: checked, put on disk, counted, and only then acknowledged. */
  async takeDelta(
    client: string,
    message: DeltaAnnounce,
    upload: { file: UploadFile; bytes: Uint8Array },
  ): Promise<Receipt> {
    const { maskBlob, maskHash: hash, shareEvaluation } = await clientRow(this.parts.store, this.federation, client);
    if (!maskBlob || !hash) throw new ProtocolError('mask-missing', 'No mask of this client is on file.');
    const mask = await this.parts.adapters.mask(this.parts.space, maskBlob);
    const { layoutHash, config } = this.parts.space;
    const expected = { layoutHash, maskHash: hash, count: mask.kept, dtype: config.wire.dtype };
    const values = decodeValues(upload.bytes, expected);
    const norm = checkDelta(values, { maxNorm: config.maxDeltaNorm });
    const { loss, perplexity, ...rest } = message.report;
    const row: PendingSubmission['row'] = {
      federation: this.federation,
      client,
      round: message.round,
      attempt: message.attempt,
      sha256: message.sha256,
      bytes: message.bytes,
      report: shareEvaluation ? message.report : rest,
      weight: weightOf(message.report.examples, config.weighting),
      norm,
      maskBlob,
      maskHash: hash,
      receivedAt: this.now(),
    };
    return new Promise((answer, refuse) => {
      this.driver.queue
        .run(() => this.submit({ row, upload: upload.file, mask, values, answer, refuse }))
        .catch(refuse);
    });
  }

  private async submit(submission: PendingSubmission): Promise<void> {
    this.parts.assertOpen();
    const { row, answer } = submission;
    // Its round may be over long since; rows stay.
    const first = await this.parts.store.submission(this.federation, row.round, row.client);
    if (first) return answer(receiptOf(first));
    await this.driver.submit(submission);
  }

  /** The operator sees what was refused, and why. */
  async noteRefusal(client: string, { kind, round }: Announce, { code, message }: ProtocolError): Promise<void> {
    const text = `${this.seats.nameOf(client)}'s ${kind} for round ${round} is refused: ${message}`;
    const event = { at: this.now(), kind: 'refused', text, data: { client, kind, round, code } };
    await this.parts.store.appendEvents(this.federation, [event]).catch((error: unknown) => {
      this.parts.logger.warn({ client, err: error }, 'a refusal could not be noted');
    });
    this.parts.onChange();
  }

  /** [PF3] [PF7] */
  async payload(client: string, what: RequestOf<'download'>['what'], version: number): Promise<Payload> {
    if (version > versionOf(this.driver.state)) {
      throw new ProtocolError('download-range', `There is no version ${version} of the adapter yet.`);
    }
    if (what !== 'slice') return this.parts.adapters.payload(this.parts.space, version, what);
    const { maskBlob, maskHash: hash } = await clientRow(this.parts.store, this.federation, client);
    if (!maskBlob || !hash) throw new ProtocolError('mask-missing', 'No mask of this client is on file.');
    const mask = await this.parts.adapters.mask(this.parts.space, maskBlob);
    return this.parts.adapters.payload(this.parts.space, version, { mask, hash });
  }

  // Small things

  private assertReady(client: string): Seat & { ready: Ready } {
    const seat = this.seats.get(client);
    if (!seat?.ready) throw new ProtocolError('not-in-round', 'The client has not said yet that it is ready.');
    return { ...seat, ready: seat.ready };
  }

  private now(): Date {
    return new Date(this.parts.clock.now());
  }
}
