import { ScriptedClient, smallFederation } from '@perfit/testkit';
import { hostCoordinator } from '@perfit/testkit/coordinator';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';

type Line = Record<string, unknown> & { level: number; msg: string };

const DEBUG = 20;
const INFO = 30;
const lines: Line[] = [];
const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
const coordinator = hostCoordinator({ logger });
const linesOf = (msg: RegExp) => lines.filter((line) => msg.test(line.msg));

describe('requests over HTTP', () => {
  it('have a name, that of a proxy or one of ours, in the answer and in the log', async () => {
    const asked = async (headers: Record<string, string>) =>
      (await fetch(`${coordinator.url}/api/federations/nowhere?invite=hidden`, { headers })).headers.get(
        'x-request-id',
      );
    expect(await asked({ 'x-request-id': 'from-a-proxy.1' })).toBe('from-a-proxy.1');
    const made = await asked({});
    expect(made).toMatch(/^[0-9a-f-]{36}$/);
    // What is no name would make lines of its own.
    expect(await asked({ 'x-request-id': 'a b"c{}' })).toMatch(/^[0-9a-f-]{36}$/);
    await expect.poll(() => linesOf(/was answered/).map(({ request }) => request)).toContain(made);
    const [line] = linesOf(/was answered/).filter(({ request }) => request === 'from-a-proxy.1');
    expect(line).toMatchObject({ level: DEBUG, method: 'GET', route: '/api/federations/:id', status: 404 });
    expect(JSON.stringify(lines)).not.toContain('hidden');
  });
});

describe('a federation', () => {
  it('tells its rounds to those who read every day, and its clients by connection to those who look closely', async () => {
    const schedule = { ...smallFederation.schedule, rounds: 1, recruit: 1, goal: 1, minimum: 1 };
    const { id: federation, invite } = await coordinator.createFederation(
      { ...smallFederation, schedule },
      { start: true },
    );
    const client = await ScriptedClient.join(coordinator.url, { federation, invite, ready: { name: 'Ada' } });
    await client.hear('offer');
    const { mask, values } = client.draw(1);
    await expect(client.sendDelta(mask, values, { round: 1 })).rejects.toThrow();
    await client.sendMask(mask, 1);
    await client.sendDelta(mask, values, { round: 1 });
    await client.hear('closed');
    client.close();
    await expect.poll(() => linesOf(/a connection has ended/).length).toBe(1);

    const daily = lines.filter((line) => line.level === INFO && line.federation === federation);
    expect(daily.map(({ event }) => event)).toEqual(['operator-start', 'round-begun', 'round-committed', 'ended']);
    const [joined] = linesOf(/a client has joined/);
    expect(joined).toMatchObject({ level: DEBUG, federation, client: client.welcome?.client });
    const [refused] = lines.filter(({ code }) => code === 'mask-missing');
    expect(refused).toMatchObject({ level: DEBUG, federation, connection: joined?.connection, request: 'announce' });
    const [ended] = linesOf(/a connection has ended/);
    expect(ended).toMatchObject({
      level: DEBUG,
      connection: joined?.connection,
      reason: 'client namespace disconnect',
    });
  });
});

describe('the process', () => {
  it('says when it listens, and when it goes', async () => {
    await coordinator.close();
    const messages = lines.filter(({ level }) => level === INFO).map(({ msg }) => msg);
    expect(messages).toContain('the coordinator listens');
    expect(messages.slice(-2)).toEqual(['the coordinator shuts down', 'the coordinator has shut down']);
    expect(lines.filter(({ level }) => level > INFO)).toEqual([]);
  });
});
