import { type FederationSummary, federationConfigSchema } from '@perfit/protocol';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { whatIsSent } from './what-is-sent.ts';

const summary: FederationSummary = {
  id: 'village',
  config: federationConfigSchema.parse({ name: 'Village', model: 'perfit-nano' }),
  status: { state: 'recruiting', round: 0, rounds: 3, version: 0, ready: 0, recruit: 3 },
  host: { name: 'Ada', contact: 'mailto:ada@example.org' },
  modelPath: '/models/perfit-nano/',
  modelBytes: 3_210_000,
  layoutSize: 1_000_000,
};
const who = { origin: 'https://village.test', federation: 'village', name: 'workshop', shareEvaluation: true };

afterEach(() => vi.unstubAllGlobals());

describe('what is sent, to whoever starts a client', () => {
  it('names who runs it, what is fetched, and at most how many bytes a round', async () => {
    const asked: string[] = [];
    vi.stubGlobal('fetch', async (url: URL) => {
      asked.push(url.href);
      return Response.json(summary);
    });
    const lines = (await whatIsSent(who)).join('\n');
    expect(asked).toEqual(['https://village.test/api/federations/village']);
    expect(lines).toMatch(/^"Village", run by Ada \(mailto:ada@example.org\): 3 rounds of perfit on perfit-nano/);
    // All of 10⁶ numbers in f16, both ways.
    expect(lines).toMatch(/Downloaded once: 3.2 MB. Up and down in each round: at most 4.0 MB./);
    expect(lines).toMatch(/the name "workshop"/);
    expect(lines).toMatch(/--no-share-evaluation keeps them here/);
  });

  it('says the rest where the coordinator does not tell', async () => {
    vi.stubGlobal('fetch', async () => Response.json({ code: 'internal' }, { status: 500 }));
    const lines = (await whatIsSent({ ...who, shareEvaluation: false })).join('\n');
    expect(lines).toMatch(/^Stays on this machine: your text/);
    expect(lines).toMatch(/Losses and perplexities are not sent\./);
  });
});
