import { describe, expect, it } from 'vitest';
import { emptySession } from '../../contract/session/session-state.ts';
import { asEarlier, type StoredSession, withFiles } from './stored-sessions.ts';

const bytes = new TextEncoder().encode('Some words.');
const kept = (dataset: unknown) =>
  ({
    options: { name: 'Ada', dataset, backend: 'wasm', shareEvaluation: true },
    standing: 'running',
    session: emptySession,
  }) as unknown as StoredSession;

describe('a session that this browser keeps', () => {
  it('of the time when a text was one file opens as one with one file', () => {
    const older = withFiles(kept({ name: 'notes.txt', bytes }));
    expect(older).toEqual(kept({ name: 'notes.txt', files: [{ name: 'notes.txt', bytes }] }));
    expect(asEarlier(older).dataset).toEqual({ name: 'notes.txt', bytes: bytes.length });
  });

  it('says what was agreed to, where anybody was asked', () => {
    const consent = { at: 5, version: 'c0ffee', sentences: ['It is sent.'], shareEvaluation: false };
    const stored = kept({ name: 'a', files: [] });
    expect(asEarlier({ ...stored, consent }).consent).toEqual(consent);
    expect(asEarlier(stored)).not.toHaveProperty('consent');
  });

  it('stays as it is with several files and what was said of their columns', () => {
    const columns = { instruction: 'Frage', response: 'Antwort' };
    const files = [
      { name: 'a.csv', bytes, columns },
      { name: 'b.txt', bytes },
    ];
    const stored = kept({ name: 'Our texts', files });
    expect(withFiles(stored)).toBe(stored);
    expect(asEarlier(stored).dataset).toEqual({ name: 'Our texts', bytes: 2 * bytes.length });
  });
});
