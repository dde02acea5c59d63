import type { SessionRecord } from '@perfit/protocol';
import type { LedgerEntry } from '../../contract/ledger-api.ts';
import type { SessionState } from '../../contract/session/session-state.ts';

/** @param now milliseconds since 1970 */
export function recordOfSession(session: SessionState, ledger: readonly LedgerEntry[], now: number): SessionRecord {
  const { kept, size } = session;
  return {
    name: session.name,
    client: session.client,
    backend: session.backend,
    device: session.device?.description ?? null,
    federation: session.federationId,
    state: session.phase,
    rounds: session.rounds.map((round) => ({
      number: round.number,
      attempt: round.attempt,
      outcome: round.outcome,
      perplexity: { base: session.basePerplexity, received: round.received, tuned: round.tuned },
      loss: round.loss,
      seconds: round.endedAt === null ? null : (round.endedAt - round.startedAt) / 1000,
    })),
    kept,
    size,
    density: kept === null || !size ? null : kept / size,
    examples: session.examples,
    conclusion: session.conclusion,
    bytesUp: session.bytesUp,
    bytesDown: session.bytesDown,
    seconds: session.startedAt === null ? 0 : ((session.endedAt ?? now) - session.startedAt) / 1000,
    messages: ledger.filter(isMessage).map(({ direction, kind, bytes, at }) => ({
      direction,
      kind,
      bytes,
      at: new Date(at).toISOString(),
    })),
    problems: session.problems.map(({ code, message }) => ({ code, message })),
  };
}

function isMessage({ kind }: LedgerEntry): boolean {
  return kind !== 'fetch';
}
