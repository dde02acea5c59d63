import { layoutOf } from '@perfit/federation';
import { decodeMask, readMaskHeader, sha256Hex } from '@perfit/protocol';
import type { Mask } from '@perfit/protocol/space';
import { FailureError } from '../../contract/failure.ts';
import type { LedgerCheck, LedgerEntry, TransferReport, TransferView } from '../../contract/ledger-api.ts';
import type { Seat } from '../../contract/run-api.ts';
import { toFailure } from '../failures.ts';
import { loadRecord } from '../storage/client-records.ts';
import { loadContent, loadLedger } from '../storage/ledger-store.ts';
import { loadSession } from '../storage/stored-sessions.ts';
import { type KnownSpace, viewMask, viewValues } from './transfer-view.ts';

/** An upload or download put together from the very messages that carried it. @throws FailureError `not-ready` */
export async function readTransfer(seat: Seat, id: number): Promise<TransferReport> {
  const entries = await loadLedger(seat);
  const parts = entries.filter(({ transfer }) => transfer?.of === id);
  const first = parts[0];
  if (!first?.transfer) throw new FailureError({ code: 'not-ready', message: 'The ledger has no such transfer.' });
  const { what } = first.transfer;
  const announced = parts.find(({ transfer }) => transfer?.sha256)?.transfer?.sha256 ?? null;
  const bytes = await contentOf(seat, parts);
  const report = { what, round: first.round, bytes, announced, sha256: bytes && (await sha256Hex(bytes)) };
  if (!bytes) return { ...report, view: null, failure: null };
  try {
    return { ...report, view: await viewOf(seat, { what, bytes, entries }), failure: null };
  } catch (error) {
    return { ...report, view: null, failure: toFailure(error) };
  }
}

/** Whether what is kept is what was written down. */
export async function verifyLedger(seat: Seat, onProgress: (done: number) => void): Promise<LedgerCheck> {
  const entries = await loadLedger(seat);
  const wrong: number[] = [];
  let checked = 0;
  for (const [i, { id, sha256 }] of entries.entries()) {
    const content = await loadContent(seat, id);
    if (content) {
      checked++;
      if ((await sha256Hex(content)) !== sha256) wrong.push(id);
    }
    if (i % 100 === 0) onProgress(i);
  }
  return { entries: entries.length, checked, wrong };
}

/** @returns null where a piece is missing */
async function contentOf(seat: Seat, parts: readonly LedgerEntry[]): Promise<Uint8Array<ArrayBuffer> | null> {
  const total = parts.find(({ transfer }) => transfer?.total)?.transfer?.total;
  if (!total) return null;
  const whole = new Uint8Array(total);
  let filled = 0;
  // A piece whose answer was lost goes again.
  const pieces = parts
    .filter(({ transfer, bytes, textBytes }) => transfer?.offset !== null && bytes > textBytes)
    .toSorted((a, b) => (a.transfer?.offset ?? 0) - (b.transfer?.offset ?? 0));
  for (const { id, textBytes, transfer } of pieces) {
    const offset = transfer?.offset ?? 0;
    const content = await loadContent(seat, id);
    if (!content) continue;
    const data = content.subarray(textBytes);
    if (offset > filled || offset + data.length > total) return null;
    whole.set(data, offset);
    filled = Math.max(filled, offset + data.length);
  }
  return filled === total ? whole : null;
}

async function viewOf(
  seat: Seat,
  of: { readonly what: TransferReport['what']; readonly bytes: Uint8Array; readonly entries: readonly LedgerEntry[] },
): Promise<TransferView> {
  const layout = await layoutOfSeat(seat);
  if (of.what === 'mask') return viewMask(of.bytes, { layout, masks: [] });
  return viewValues(of.bytes, { layout, masks: await masksOf(seat, of.entries) });
}

async function layoutOfSeat(seat: Seat): Promise<KnownSpace['layout']> {
  const stored = await loadSession(seat);
  const config = stored?.session.federation?.config;
  return config && stored.dimensions ? layoutOf(config, stored.dimensions) : null;
}

/** Every mask that the ledger has, the latest first, and the one in use. */
async function masksOf(seat: Seat, entries: readonly LedgerEntry[]): Promise<Mask[]> {
  const uploads = new Set(entries.flatMap(({ transfer }) => (transfer?.what === 'mask' ? [transfer.of] : [])));
  const masks: Mask[] = [];
  for (const id of [...uploads].reverse()) {
    const parts = entries.filter(({ transfer }) => transfer?.of === id);
    const bytes = await contentOf(seat, parts);
    const mask = bytes && (await decodeMask(bytes, readMaskHeader(bytes)).catch(() => null));
    if (mask) masks.push(mask);
  }
  const own = (await loadRecord(seat))?.mask;
  return own ? [...masks, own] : masks;
}
