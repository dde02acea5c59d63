import { downDtype, type FederationSummary, federationSummarySchema, valuesByteLength } from '@perfit/protocol';

export interface Participation {
  /** Of the coordinator. */
  readonly origin: string;
  readonly federation: string;
  readonly name: string;
  readonly shareEvaluation: boolean;
}

/** What a person should know before a client of theirs takes part, in lines. */
export async function whatIsSent(who: Participation): Promise<readonly string[]> {
  const { origin, name, shareEvaluation } = who;
  const summary = await summaryOf(who);
  return [
    ...(summary ? about(summary) : []),
    'Stays on this machine: your text, the private key of this client, and the tuned model.',
    `Sent to ${origin}: which adapter parameters matter for your text (the mask), how far they moved in each round, the name "${name}", this device, and how many examples you have.`,
    shareEvaluation
      ? 'Sent as well: losses and perplexities, a few numbers a round (--no-share-evaluation keeps them here).'
      : 'Losses and perplexities are not sent.',
    'Masks and changes are made from your text, and published attacks can sometimes recover words from such numbers. Ctrl+C leaves.',
  ];
}

function about({ config, host, modelBytes, layoutSize, status }: FederationSummary): string[] {
  const by = host ? `, run by ${host.name}${host.contact ? ` (${host.contact})` : ''}` : '';
  const { dtype } = config.wire;
  const most = valuesByteLength(layoutSize, dtype) + valuesByteLength(layoutSize, downDtype(config.wire));
  return [
    `"${config.name}"${by}: ${status.rounds} rounds of ${config.strategy} on ${config.model}, each of ${config.schedule.deadlineSeconds} s at most.`,
    `Downloaded once: ${megabytes(modelBytes)}. Up and down in each round: at most ${megabytes(most)}.`,
  ];
}

/** Null where the coordinator does not tell: the handshake says why, and in better words. */
async function summaryOf({ origin, federation }: Participation): Promise<FederationSummary | null> {
  try {
    const response = await fetch(new URL(`/api/federations/${federation}`, origin));
    return federationSummarySchema.parse(await response.json());
  } catch {
    return null;
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
