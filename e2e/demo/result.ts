import type { FederationConfig, FederationDetail, SessionRecord } from '@perfit/protocol';
import { z } from 'zod';

const perplexity = z.object({
  base: z.number().nullable(),
  received: z.number().nullable(),
  tuned: z.number().nullable(),
});

/** What a simulation found: the file behind `--json`, and all that table and report show. */
const resultSchema = z.object({
  startedAt: z.string(),
  seconds: z.number(),
  passed: z.boolean(),
  /** Sentences: why it did not pass. */
  failures: z.array(z.string()),
  federation: z.object({
    id: z.string(),
    state: z.string(),
    config: z.custom<FederationConfig>(),
    layoutSize: z.number(),
  }),
  clients: z.array(
    z.object({
      name: z.string(),
      backend: z.string().nullable(),
      perplexity: perplexity.extend({
        /** [PF9] Of the client's twin, which tunes on its text alone, and of what the client keeps in the end. */
        alone: z.number().nullable(),
        kept: z.number().nullable(),
      }),
      /** Whether joining helped, by an interval over the held-out rows. */
      joining: z.enum(['helped', 'did-not-help', 'cannot-tell']).nullable(),
      kept: z.number().nullable(),
      density: z.number().nullable(),
      examples: z.number().nullable(),
      heldOut: z.number().nullable(),
      bytesUp: z.number(),
      bytesDown: z.number(),
      seconds: z.number(),
      problems: z.array(z.object({ code: z.string(), message: z.string() })),
    }),
  ),
  rounds: z.array(
    z.object({
      number: z.number(),
      attempt: z.number(),
      state: z.string(),
      reason: z.string().nullable(),
      submissions: z.number(),
      seconds: z.number().nullable(),
      clients: z.array(
        z.object({ name: z.string(), perplexity, loss: z.number().nullable(), bytes: z.number().nullable() }),
      ),
    }),
  ),
  /** To a held-out question of each client, where that was asked for. */
  answers: z.array(
    z.object({
      client: z.string(),
      question: z.string(),
      /** What the client's text has. */
      expected: z.string(),
      base: z.string(),
      personal: z.string(),
    }),
  ),
  /** Jaccard overlap of the masks, in the order of `clients`. */
  maskOverlap: z.array(z.array(z.number())),
  messages: z.array(
    z.object({
      client: z.string(),
      direction: z.enum(['up', 'down']),
      kind: z.string(),
      bytes: z.number(),
      at: z.string(),
    }),
  ),
});
export type SimulationResult = z.infer<typeof resultSchema>;
export type Answer = SimulationResult['answers'][number];

export interface Observed {
  readonly startedAt: Date;
  readonly seconds: number;
  readonly detail: FederationDetail;
  readonly sessions: readonly SessionRecord[];
  readonly answers: readonly Answer[];
  /** Sentences about what went wrong on the way. */
  readonly troubles: readonly string[];
}

/** Puts together what the operator saw and what each tab knows of itself. */
export function composeResult({ startedAt, seconds, detail, sessions, answers, troubles }: Observed): SimulationResult {
  const rounds = detail.rounds.map((round) => ({
    number: round.number,
    attempt: round.attempt,
    state: round.state,
    reason: round.reason,
    submissions: round.submissions.length,
    seconds: round.closedAt ? (Date.parse(round.closedAt) - Date.parse(round.startedAt)) / 1000 : null,
    clients: sessions.flatMap((session) => {
      const own = session.rounds.find((entry) => entry.number === round.number && entry.attempt === round.attempt);
      if (!own) return [];
      const submission = round.submissions.find((entry) => entry.client === session.client);
      return [{ name: session.name, perplexity: own.perplexity, loss: own.loss, bytes: submission?.bytes ?? null }];
    }),
  }));
  const clients = sessions.map((session) => ({
    name: session.name,
    backend: session.backend,
    perplexity: {
      ...lastPerplexity(session),
      alone: session.conclusion?.perplexity.alone ?? null,
      kept: session.conclusion?.perplexity.kept ?? null,
    },
    joining: session.conclusion?.joining?.verdict ?? null,
    kept: session.kept,
    density: session.kept !== null && session.size ? session.kept / session.size : null,
    examples: session.examples?.training ?? null,
    heldOut: session.examples?.heldOut ?? null,
    bytesUp: session.bytesUp,
    bytesDown: session.bytesDown,
    seconds: session.seconds,
    problems: session.problems,
  }));
  const failures = [...troubles, ...judge(detail, clients)];
  return {
    startedAt: startedAt.toISOString(),
    seconds,
    passed: failures.length === 0,
    failures,
    federation: { id: detail.id, state: detail.status.state, config: detail.config, layoutSize: detail.layoutSize },
    clients,
    rounds,
    answers: [...answers],
    maskOverlap: overlapInOrder(detail, sessions),
    messages: sessions.flatMap((session) => session.messages.map((message) => ({ client: session.name, ...message }))),
  };
}

/** Every round committed, and every personal model better than the base model on what it was not trained on. */
function judge(detail: FederationDetail, clients: SimulationResult['clients']): string[] {
  const failures: string[] = [];
  const committed = new Set(detail.rounds.filter((round) => round.state === 'committed').map((round) => round.number));
  if (detail.status.state !== 'finished')
    failures.push(`The federation ended as "${detail.status.state}", not finished.`);
  for (let number = 1; number <= detail.config.schedule.rounds; number++) {
    if (!committed.has(number)) failures.push(`Round ${number} was not committed.`);
  }
  for (const { name, perplexity } of clients) {
    const { base, tuned } = perplexity;
    if (base === null || tuned === null) failures.push(`${name} has no perplexity of its tuned model.`);
    else if (!(tuned < base))
      failures.push(`${name}'s tuned perplexity ${tuned.toFixed(1)} is not below its base ${base.toFixed(1)}.`);
  }
  return failures;
}

function lastPerplexity(session: SessionRecord): SessionRecord['rounds'][number]['perplexity'] {
  const rounds = session.rounds.filter((round) => round.perplexity.tuned !== null);
  return rounds.at(-1)?.perplexity ?? { base: null, received: null, tuned: null };
}

function overlapInOrder(detail: FederationDetail, sessions: readonly SessionRecord[]): number[][] {
  const { clients, matrix } = detail.maskOverlap;
  const rows = sessions.map((session) => clients.indexOf(session.client ?? ''));
  return rows.map((row) => rows.map((column) => matrix[row]?.[column] ?? 0));
}
