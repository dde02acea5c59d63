import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ManualClock, ScriptedClient, smallFederation } from '@perfit/testkit';
import { hostCoordinator } from '@perfit/testkit/coordinator';
import { beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const read = (name: string) => readFileSync(join(root, name), 'utf8');

const clock = new ManualClock();
const coordinator = hostCoordinator({ clock });

const scrape = async () => (await fetch(`${coordinator.url}/metrics`)).text();

/** One sample's value, by its name and some of its labels; 0 where there is none, as for a counter that has not moved. */
async function sampleOf(name: string, labels: Record<string, string> = {}): Promise<number> {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const lines = (await scrape())
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  const found = lines.filter((line) => wanted.every((label) => line.includes(label)));
  return found.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

describe('metrics', () => {
  it('follow a round: who is here, what came, how long its phases took, what came of it', async () => {
    const { id: federation, invite } = await coordinator.createFederation(
      { ...smallFederation, schedule: { ...smallFederation.schedule, rounds: 1 } },
      { start: true },
    );
    const clients = [
      await ScriptedClient.join(coordinator.url, { federation, invite, ready: { name: 'Ada' } }),
      await ScriptedClient.join(coordinator.url, { federation, invite, ready: { name: 'Bob' } }),
    ];
    for (const client of clients) await client.hear('offer');
    expect(await sampleOf('perfit_clients_ready', { federation })).toBe(2);
    expect(await sampleOf('perfit_federations', { state: 'training' })).toBe(1);
    clock.advance(40_000);
    for (const [i, client] of clients.entries()) {
      const { mask, values } = client.draw(i);
      await client.sendMask(mask, 1);
      await client.sendDelta(mask, values, { round: 1 });
    }
    await Promise.all(clients.map((client) => client.hear('closed')));

    expect(await sampleOf('perfit_submissions_total', { federation })).toBe(2);
    expect(await sampleOf('perfit_rounds_total', { federation, outcome: 'committed' })).toBe(1);
    expect(await sampleOf('perfit_rounds_total', { federation, outcome: 'failed' })).toBe(0);
    expect(await sampleOf('perfit_round_phase_seconds_sum', { federation, phase: 'training' })).toBe(40);
    expect(await sampleOf('perfit_round_phase_seconds_count', { federation, phase: 'aggregating' })).toBe(1);
    expect(await sampleOf('perfit_commit_duration_seconds_count', { federation })).toBe(1);
    expect(await sampleOf('perfit_theta_version', { federation })).toBe(1);
    expect(await sampleOf('perfit_received_bytes_total', { federation })).toBeGreaterThan(2 * 4 * 72);
    expect(await sampleOf('perfit_request_duration_seconds_count', { request: 'complete' })).toBe(4);
    const opened = await sampleOf('perfit_connections_total', { namespace: '/' });
    for (const client of clients) client.close();
    await expect.poll(() => sampleOf('perfit_disconnections_total', { namespace: '/' })).toBe(opened);
  });

  it('say how long a round has been open past its deadline, and that it failed', async () => {
    const { id: federation, invite } = await coordinator.createFederation(
      { ...smallFederation, schedule: { ...smallFederation.schedule, recruit: 1, maxRepeats: 0 } },
      { start: true },
    );
    const client = await ScriptedClient.join(coordinator.url, { federation, invite, ready: { name: 'Ada' } });
    const { remainingMs } = await client.hear('offer');
    expect(await sampleOf('perfit_round_overdue_seconds', { federation })).toBe(0);
    clock.advance(remainingMs);
    expect(await client.hear('closed')).toMatchObject({ outcome: 'failed' });
    expect(await sampleOf('perfit_rounds_total', { federation, outcome: 'failed' })).toBe(1);
    client.close();
  });

  it('count what is refused, by code, and know no address that somebody made up', async () => {
    await expect(
      ScriptedClient.join(coordinator.url, { federation: 'nowhere', invite: null, ready: { name: 'Ada' } }),
    ).rejects.toThrow();
    expect(await sampleOf('perfit_requests_refused_total', { request: 'hello', code: 'unknown-federation' })).toBe(1);
    expect((await fetch(`${coordinator.url}/api/admin/federations`)).status).toBe(401);
    expect(await sampleOf('perfit_http_refused_total', { code: 'login-required' })).toBe(1);
    await fetch(`${coordinator.url}/api/made-up/by-somebody`);
    await fetch(`${coordinator.url}/api/federations/made-up-too`);
    expect(await scrape()).not.toContain('made-up');
    const route = { method: 'GET', route: '/api/federations/:id', status: '404' };
    expect(await sampleOf('perfit_http_request_duration_seconds_count', route)).toBe(1);
  });
});

/** Of a text that speaks of metrics, without what a histogram adds to its name. */
function namesIn(text: string): Set<string> {
  const found = text.match(/\b(?:perfit|process|nodejs)_[a-z0-9_]*[a-z0-9]/g) ?? [];
  return new Set(found.map((name) => name.replace(/_(bucket|sum|count)$/, '')));
}

describe('what speaks of metrics', () => {
  let told: Set<string>;
  beforeAll(async () => {
    told = new Set([...(await scrape()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name as string));
  });

  it.each(['deploy/prometheus/alerts.yml', 'deploy/grafana/dashboards/coordinator.json'])(
    '%s names only such as there are',
    (file) => {
      const names = [...namesIn(read(file))];
      expect(names.length).toBeGreaterThan(5);
      expect(names.filter((name) => !told.has(name))).toEqual([]);
    },
  );

  it('docs/operating.md has each of ours, and no other', () => {
    const section = read('docs/operating.md').split('### Metrics')[1]?.split('###')[0] ?? '';
    const ours = [...told].filter((name) => name.startsWith('perfit_')).sort();
    expect([...namesIn(section)].filter((name) => name.startsWith('perfit_')).sort()).toEqual(ours);
  });

  it('Prometheus would not complain of', async () => {
    const kinds = new Map([...(await scrape()).matchAll(/^# TYPE (perfit_\S+) (\S+)/gm)].map(([, n, k]) => [n, k]));
    for (const [name, kind] of kinds) {
      expect(name?.endsWith('_total'), name).toBe(kind === 'counter');
      if (kind === 'histogram') expect(name).toMatch(/_seconds$/);
    }
    expect(kinds.size).toBeGreaterThan(15);
  });
});
