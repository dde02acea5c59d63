import { moduleOrigins, personalModule } from '@perfit/federation';
import { z } from 'zod';
import { FailureError } from '../../contract/failure.ts';
import type { Deleted, HistoryApi, HistoryEntry } from '../../contract/history-api.ts';
import type { Seat } from '../../contract/run-api.ts';
import { figureOfModule } from '../../contract/session/figure-of-module.ts';
import { outcomeOf } from '../failures.ts';
import { cachedModels } from '../models/cached-models.ts';
import { heldSeats, withFreeSeats } from '../run/seat-lock.ts';
import { loadRecord } from './client-records.ts';
import { database, deleteDatabase, ofSeat, seatKeys } from './database.ts';
import { type StoredSession, withFiles } from './stored-sessions.ts';
import { Trash } from './trash.ts';

interface DeskOptions {
  /** Ends when nobody is at work in this tab any more. */
  readonly ended: () => Promise<unknown>;
  /** Lets go of the model and whatever else is kept. */
  readonly letGo: () => void;
}

/** See {@link HistoryApi}. */
export function historyService({ ended, letGo }: DeskOptions): HistoryApi {
  const trash = new Trash();
  // Of a tab that was closed before it could. Where nothing is kept, there is nothing to delete.
  trash.empty().catch(() => {});
  return {
    history: () => outcomeOf(history),
    deleteFromHistory: (key) =>
      outcomeOf(async () => {
        await ended();
        return { canUndo: await withFreeSeats([key], () => trash.discard(key)) };
      }),
    undoDeletion: (key) =>
      outcomeOf(async () => {
        await trash.putBack(key);
        return null;
      }),
    emptyTrash: () =>
      outcomeOf(async () => {
        await trash.empty();
        return null;
      }),
    deleteEverything: () =>
      outcomeOf(async () => {
        await ended();
        return withFreeSeats(await seatKeys(), async () => {
          letGo();
          return deleteEverything();
        });
      }),
  };
}

async function history(): Promise<HistoryEntry[]> {
  const held = await heldSeats();
  const keys = await seatKeys();
  const entries = await Promise.all(keys.map((key) => entryOf(key, held.has(key))));
  return entries.sort((a, b) => startOf(b) - startOf(a));
}

function startOf(entry: HistoryEntry): number {
  return entry.kind === 'session' ? (entry.startedAt ?? 0) : 0;
}

async function entryOf(key: string, isInUse: boolean): Promise<HistoryEntry> {
  const db = await database();
  const seat = seatOf(key);
  const stored: unknown = await db.get('sessions', key);
  const kept = { key, isInUse, keptBytes: await keptBytesOf(key, stored) };
  if (!seat) return { ...kept, kind: 'unreadable' };
  if (stored === undefined) {
    const hasRecord = (await db.getKey('records', key)) !== undefined;
    return hasRecord ? { ...kept, kind: 'unreadable' } : { ...kept, kind: 'begun', seat };
  }
  try {
    return { ...kept, kind: 'session', seat, ...summaryOf(stored), hasModel: await hasModel(seat) };
  } catch {
    return { ...kept, kind: 'unreadable' };
  }
}

const figure = z.number().nullable();
const consentSchema = z.object({
  at: z.number(),
  version: z.string(),
  sentences: z.array(z.string()),
  shareEvaluation: z.boolean(),
});
/** What is read of a kept session here. Whatever version of the page kept it, it has this or cannot be shown. */
const storedSchema = z.object({
  options: z.object({ name: z.string() }),
  standing: z.enum(['running', 'finished', 'left']),
  consent: consentSchema.optional(),
  session: z.object({
    federationId: z.string(),
    federation: z
      .object({
        config: z.object({
          name: z.string(),
          host: z.object({ name: z.string() }).optional(),
          schedule: z.object({ rounds: z.number() }),
        }),
      })
      .nullable(),
    startedAt: figure,
    endedAt: figure,
    basePerplexity: figure,
    bytesUp: z.number(),
    bytesDown: z.number(),
    rounds: z.array(z.object({ number: z.number(), received: figure, tuned: figure })),
    models: z
      .object({
        personal: z.object({ round: z.number(), of: z.enum(moduleOrigins).optional() }).nullable(),
      })
      .optional(),
  }),
});

/** @throws where it is nothing that this page kept */
function summaryOf(kept: unknown) {
  const { options, standing, consent, session } = storedSchema.parse(kept);
  const { federation, federationId, rounds, startedAt, endedAt, bytesUp, bytesDown } = session;
  const { config } = federation ?? {};
  const tuned = rounds.filter((round) => round.tuned !== null);
  return {
    name: options.name,
    federation: config?.name ?? federationId,
    host: config?.host?.name ?? null,
    standing,
    startedAt,
    endedAt,
    rounds: new Set(tuned.map(({ number }) => number)).size,
    roundsOf: config?.schedule.rounds ?? null,
    base: session.basePerplexity,
    tuned: tunedFigure(kept as StoredSession) ?? tuned.at(-1)?.tuned ?? null,
    bytesUp,
    bytesDown,
    consent: consent ?? null,
  };
}

function tunedFigure({ session }: StoredSession): number | null {
  return session.models ? figureOfModule(session) : null;
}

/** @returns null for what is no key of a seat */
function seatOf(key: string): Seat | null {
  const slash = key.indexOf('/');
  return slash > 0 ? { federation: key.slice(0, slash), as: key.slice(slash + 1) } : null;
}

async function hasModel(seat: Seat): Promise<boolean> {
  const record = await loadRecord(seat);
  return record !== null && personalModule(record) !== null;
}

/** Text, mask, adapter, and the ledger with its bytes. */
async function keptBytesOf(key: string, stored: unknown): Promise<number> {
  const db = await database();
  const [record, parts, entries, kept] = await Promise.all([
    db.get('records', key),
    db.getAll('recordParts', ofSeat(key)),
    db.getAll('ledger', ofSeat(key)),
    db.getAllKeys('ledgerBytes', ofSeat(key)),
  ]);
  const ids = new Set(kept.map(([, id]) => id));
  const messages = entries.reduce((sum, { id, bytes }) => sum + (ids.has(id) ? bytes : 0), 0);
  return textBytes(stored) + (record?.byteLength ?? 0) + sizeOf(parts) + messages;
}

function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

function textBytes(stored: unknown): number {
  try {
    return withFiles(stored as StoredSession).options.dataset.files.reduce((sum, { bytes }) => sum + bytes.length, 0);
  } catch {
    return 0;
  }
}

async function deleteEverything(): Promise<Deleted> {
  const [seats, models, estimate] = await Promise.all([
    seatKeys(),
    cachedModels(),
    navigator.storage?.estimate?.().catch(() => null) ?? null,
  ]);
  await deleteDatabase();
  await clearFiles();
  for (const name of (await globalThis.caches?.keys()) ?? []) await caches.delete(name);
  return { seats: seats.length, models: models.length, bytes: estimate?.usage ?? null };
}

/** Models' parts and exports. */
async function clearFiles(): Promise<void> {
  const root = await navigator.storage?.getDirectory?.().catch(() => null);
  if (!root) return;
  const names: string[] = [];
  for await (const name of root.keys()) names.push(name);
  for (const name of names) {
    try {
      await root.removeEntry(name, { recursive: true });
    } catch (cause) {
      throw new FailureError({
        code: 'other-tab',
        message: `Another tab of this site is writing files (${String(cause)}). Close it and delete again: what is deleted so far is gone.`,
      });
    }
  }
}
