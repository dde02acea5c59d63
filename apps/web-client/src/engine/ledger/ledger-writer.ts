import type { LedgerEntry as WireMessage } from '@perfit/federation';
import { type RequestName, requests } from '@perfit/protocol';
import type { LedgerEntry, TransferPart } from '../../contract/ledger-api.ts';

type Upload = Omit<TransferPart, 'offset'> & { readonly round: number };
type Transfer = Omit<TransferPart, 'offset'> & { readonly offset?: number };

/** Says of each message of one connection, in the order in which they cross it, which round and transfer it belongs to. */
export class LedgerWriter {
  #round: number | null;
  /** By the hash of what is uploaded: after a loss or a reload it is announced again. */
  readonly #announced = new Map<string, Upload>();
  /** By the coordinator's name for it. */
  readonly #uploads = new Map<string, Upload>();
  /** By what is downloaded, and at which version. */
  readonly #downloads = new Map<string, Transfer>();
  /** By the number of the exchange. */
  readonly #asked = new Map<number, Transfer>();

  /** @param earlier what is in the ledger already */
  constructor(earlier: readonly LedgerEntry[]) {
    this.#round = earlier.at(-1)?.round ?? null;
    for (const { direction, transfer, round } of earlier) {
      if (direction === 'up' && transfer?.sha256 && round !== null) {
        const { of, what, sha256, total } = transfer;
        this.#announced.set(sha256, { of, what, sha256, total, round });
      }
    }
  }

  /** @param id the message's own */
  file(id: number, message: WireMessage): Pick<LedgerEntry, 'round' | 'transfer'> {
    this.#round = roundOf(message) ?? this.#round;
    const transfer = this.#transferOf(id, message);
    return { round: this.#round, transfer: transfer && { ...transfer, offset: transfer.offset ?? null } };
  }

  #transferOf(id: number, wire: WireMessage): Transfer | null {
    const transfer = wire.direction === 'up' ? this.#sent(id, wire) : this.#received(wire);
    if (wire.exchange !== null) {
      if (wire.direction === 'down') this.#asked.delete(wire.exchange);
      else if (transfer) this.#asked.set(wire.exchange, transfer);
    }
    return transfer;
  }

  #sent(id: number, { kind, message }: WireMessage): Transfer | null {
    switch (kind) {
      case 'announce': {
        const { kind: what, round, sha256, bytes } = requests.announce.request.parse(message);
        const known = this.#announced.get(sha256);
        const upload =
          known?.what === what && known.round === round ? known : { of: id, what, round, sha256, total: bytes };
        this.#announced.set(sha256, upload);
        return withoutRound(upload);
      }
      case 'chunk': {
        const { upload, offset } = requests.chunk.request.parse(message);
        const known = this.#uploads.get(upload);
        return known ? { ...withoutRound(known), offset } : null;
      }
      case 'complete': {
        const known = this.#uploads.get(requests.complete.request.parse(message).upload);
        return known ? withoutRound(known) : null;
      }
      case 'download': {
        const { what, version, offset } = requests.download.request.parse(message);
        const name = `${what}/${version}`;
        const known = offset === 0 ? undefined : this.#downloads.get(name);
        const download = { ...(known ?? { of: id, what, sha256: null, total: null }), offset };
        this.#downloads.set(name, download);
        return download;
      }
      default:
        return null;
    }
  }

  /** An answer that nobody can read belongs to what was asked all the same. */
  #received({ kind, message, exchange }: WireMessage): Transfer | null {
    const asked = exchange === null ? undefined : this.#asked.get(exchange);
    if (!asked) return null;
    const { offset, ...transfer } = asked;
    if (kind === 'announce') {
      const answer = answerTo('announce', message);
      const known = this.#announced.get(asked.sha256 ?? '');
      if (answer?.state === 'send' && known) this.#uploads.set(answer.upload, known);
    }
    if (kind !== 'download') return transfer;
    const piece = answerTo('download', message);
    return piece
      ? { ...transfer, sha256: piece.sha256, total: piece.total, ...(offset === undefined ? {} : { offset }) }
      : transfer;
  }
}

function withoutRound({ of, what, sha256, total }: Upload): Transfer {
  return { of, what, sha256, total };
}

/** @returns null for a refusal, and for what is no answer */
function answerTo<K extends RequestName>(name: K, reply: unknown) {
  const value = typeof reply === 'object' && reply !== null && 'value' in reply ? reply.value : null;
  const parsed = requests[name].value.safeParse(value);
  return parsed.success ? (parsed.data as ReturnType<(typeof requests)[K]['value']['parse']>) : null;
}

/** Of the round that a message is about; a status tells of the federation's, where this client may not be. */
function roundOf({ kind, message }: WireMessage): number | null {
  if (!['offer', 'closed', 'progress', 'announce'].includes(kind)) return null;
  const round = typeof message === 'object' && message !== null && 'round' in message ? message.round : null;
  return typeof round === 'number' ? round : null;
}
