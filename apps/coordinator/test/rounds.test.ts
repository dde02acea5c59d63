import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { aggregate } from '@perfit/federation';
import { decodeValues, encodeValues, maskHash } from '@perfit/protocol';
import { initialTheta, Mask } from '@perfit/protocol/space';
import { ManualClock, ScriptedClient, smallFederation } from '@perfit/testkit';
import { hostCoordinator } from '@perfit/testkit/coordinator';
import { describe, expect, it, vi } from 'vitest';

const clock = new ManualClock();
const coordinator = hostCoordinator({ clock });

describe('a federation', () => {
  it('[RD1] [RD2] [PF6] [PF7] runs its rounds, and each client gets its slice of the average back', async () => {
    const { id, invite } = await coordinator.createFederation(smallFederation, { start: true });
    const [a, b] = [
      await ScriptedClient.join(coordinator.url, { federation: id, invite, ready: { name: 'Ada' } }),
      await ScriptedClient.join(coordinator.url, { federation: id, invite, ready: { name: 'Bob' } }),
    ] as const;
    const both = [a, b] as const;
    let theta = initialTheta(a.layout, 1);
    for (const round of [1, 2]) {
      const submissions = [];
      for (const [i, client] of both.entries()) {
        const offer = await client.hear('offer', (each) => each.round === round);
        expect(offer).toMatchObject({ attempt: 1, version: round - 1, remainingMs: 600_000, density: 0.5 });
        const { mask, values } = client.draw(10 * round + i);
        await client.sendMask(mask, round);
        const receipt = await client.sendDelta(mask, values, { round, report: { examples: 20 + i } });
        expect(receipt).toMatchObject({ kind: 'delta', round });
        submissions.push({ mask, delta: values, weight: 20 + i });
      }
      theta = aggregate(theta, submissions);
      for (const [i, client] of both.entries()) {
        expect(await client.hear('closed')).toMatchObject({
          round,
          outcome: 'committed',
          version: round,
          submissions: 2,
        });
        const { mask } = submissions[i] as (typeof submissions)[number];
        const { hash } = (client.welcome as NonNullable<typeof client.welcome>).federation.layout;
        const owner = { layoutHash: hash, maskHash: await maskHash(mask), count: mask.kept };
        expect(decodeValues(await client.download('slice', round), owner)).toEqual(mask.pack(theta));
        const full = Mask.full(mask.size);
        const all = { layoutHash: hash, maskHash: await maskHash(full), count: mask.size };
        expect(decodeValues(await client.download('theta', round), all)).toEqual(theta);
      }
    }
    expect(await coordinator.globalTheta(id)).toEqual(theta);
    expect(await a.hear('status', (status) => status.state === 'finished')).toMatchObject({ round: 2, version: 2 });
    a.close();
    b.close();
  });

  it('[RD2] is over before its last round where those who share their perplexity have come to its target', async () => {
    const schedule = { ...smallFederation.schedule, rounds: 9, targetPerplexity: 12 };
    const { id, invite } = await coordinator.createFederation({ ...smallFederation, schedule }, { start: true });
    const clients = [
      await ScriptedClient.join(coordinator.url, { federation: id, invite, ready: { name: 'Ada' } }),
      await ScriptedClient.join(coordinator.url, { federation: id, invite, ready: { name: 'Bob' } }),
    ];
    const bestOf = [
      [11, 20],
      [11, 12],
    ];
    for (const [index, figures] of bestOf.entries()) {
      for (const [i, client] of clients.entries()) {
        const round = index + 1;
        await client.hear('offer', (each) => each.round === round);
        const { mask, values } = client.draw(10 * round + i);
        await client.sendMask(mask, round);
        const perplexity = { base: 40, received: 30, tuned: figures[i] as number };
        await client.sendDelta(mask, values, { round, report: { perplexity } });
      }
    }
    const over = await clients[0]?.hear('status', ({ state }) => state === 'finished');
    expect(over).toMatchObject({ round: 2, rounds: 9, version: 2 });
    expect(over?.reason).toBe('The target is reached: the median perplexity of 2 is 11.5, of 12 asked for.');
    expect((await coordinator.detail(id)).events.at(-1)?.text).toMatch(/^The federation is finished\. The target is/);
    for (const client of clients) client.close();
  });

  it('[DC2] [PF6] [PF7] takes deltas in int8, counts what they decode to, and sends slices and theta in f16', async () => {
    const { id, invite } = await coordinator.createFederation(
      { ...smallFederation, wire: { dtype: 'int8' } },
      { start: true },
    );
    const [a, b] = [
      await ScriptedClient.join(coordinator.url, { federation: id, invite, ready: { name: 'Ada' } }),
      await ScriptedClient.join(coordinator.url, { federation: id, invite, ready: { name: 'Bob' } }),
    ] as const;
    const layoutHash = a.welcome?.federation.layout.hash as string;
    const drawn = [];
    for (const [i, client] of [a, b].entries()) {
      await client.hear('offer');
      const { mask, values } = client.draw(i);
      await client.sendMask(mask);
      const bytes = await client.deltaBytes(mask, values);
      expect(bytes.length).toBe(76 + mask.kept + 4 * Math.ceil(mask.kept / 64));
      expect(await client.upload(await client.announceOf(bytes), bytes)).toMatchObject({ bytes: bytes.length });
      const owner = { layoutHash, maskHash: await maskHash(mask), count: mask.kept };
      drawn.push({ mask, owner, delta: decodeValues(bytes, owner), weight: 50 });
    }
    await a.hear('closed');
    const theta = await coordinator.globalTheta(id);
    expect(theta).toEqual(aggregate(initialTheta(a.layout, 1), drawn));
    for (const [i, client] of [a, b].entries()) {
      const { mask, owner } = drawn[i] as (typeof drawn)[number];
      const slice = await client.download('slice', 1);
      expect(slice).toEqual(encodeValues(mask.pack(theta), 'f16', owner));
      const whole = { layoutHash, maskHash: await maskHash(Mask.full(mask.size)) };
      expect(await client.download('theta', 1)).toEqual(encodeValues(theta, 'f16', whole));
      client.close();
    }
  });

  it('[PF3] tells which share of the submissions own a position, where searches have a prior', async () => {
    const { id, invite } = await coordinator.createFederation(
      { ...smallFederation, search: { prior: 2 } },
      { start: true },
    );
    const clients = [
      await ScriptedClient.join(coordinator.url, { federation: id, invite }),
      await ScriptedClient.join(coordinator.url, { federation: id, invite }),
    ];
    const { size } = (clients[0] as ScriptedClient).layout;
    const masks = [Mask.from(size, (p) => p % 2 === 0), Mask.from(size, (p) => p % 4 < 2)];
    for (const [i, client] of clients.entries()) {
      await client.hear('offer');
      const mask = masks[i] as Mask;
      await client.sendMask(mask);
      await client.sendDelta(mask, new Float32Array(mask.kept).fill(0.5));
    }
    for (const client of clients) {
      await client.hear('closed');
      expect(await client.shares(1)).toEqual(
        Float32Array.from({ length: size }, (_, p) => [1, 0.5, 0.5, 0][p % 4] as number),
      );
      for (const version of [0, 2]) {
        expect(await client.reply('download', { what: 'owners', version, offset: 0 })).toMatchObject({
          ok: false,
          error: { code: 'download-range', message: expect.stringContaining(`ersion ${version}`) },
        });
      }
    }
    // For a moment they are on their way from memory to the store, and in neither.
    await vi.waitFor(async () => {
      const { clients: rows } = await coordinator.detail(id);
      expect(rows.map(({ bytesDown }) => bytesDown)).toEqual([76 + 4 * size, 76 + 4 * size]);
    });
    for (const client of clients) client.close();
  });

  it('[PF3] refuses to tell of owners where searches have no prior: it has not counted them', async () => {
    const { clients, submit } = await started(2);
    await submit(clients[0]);
    await submit(clients[1]);
    await clients[0].hear('closed');
    expect(await clients[0].reply('download', { what: 'owners', version: 1, offset: 0 })).toMatchObject({
      ok: false,
      error: { code: 'download-range', message: expect.stringContaining('search.prior') },
    });
    for (const client of clients) client.close();
  });

  /** A started federation with so many clients that have heard the offer and sent their masks. */
  async function started(count: number, schedule: Partial<NonNullable<typeof smallFederation.schedule>> = {}) {
    const { id, invite } = await coordinator.createFederation(
      {
        ...smallFederation,
        schedule: { ...smallFederation.schedule, recruit: count, goal: count, minimum: 2, ...schedule },
      },
      { start: true },
    );
    const clients: ScriptedClient[] = [];
    for (let i = 0; i < count; i++) {
      const ready = { name: `client ${i}` };
      clients.push(await ScriptedClient.join(coordinator.url, { federation: id, invite, ready }));
    }
    for (const client of clients) {
      await client.hear('offer');
      await client.sendMask(client.draw(1).mask);
    }
    const submit = (client: ScriptedClient, about: { round?: number; attempt?: number } = {}) =>
      client.sendDelta(client.draw(1).mask, client.draw(1).values, about);
    return { id, invite, clients: clients as [ScriptedClient, ScriptedClient, ScriptedClient], submit };
  }

  it('[RD4] recruits: nobody is offered anything until enough are ready', async () => {
    const { id, invite } = await coordinator.createFederation(smallFederation, { start: true });
    const a = await ScriptedClient.join(coordinator.url, { federation: id, invite });
    expect(await a.hear('status')).toMatchObject({ state: 'recruiting', ready: 1, recruit: 2 });
    const b = await ScriptedClient.join(coordinator.url, { federation: id, invite });
    expect(await a.hear('status')).toMatchObject({ state: 'training', round: 1 });
    await a.hear('offer');
    await b.hear('offer');
    a.close();
    b.close();
  });

  it('[RD2] [RD4] a client that vanishes holds the round no longer than its deadline', async () => {
    const { id, clients, submit } = await started(3);
    const [a, b, silent] = clients;
    await submit(a);
    await submit(b);
    // It is still connected, and says nothing.
    clock.advance(600_000);
    expect(await a.hear('closed')).toMatchObject({ round: 1, outcome: 'committed', submissions: 2 });
    expect(await silent.hear('closed')).toMatchObject({ round: 1, outcome: 'committed' });
    await expect(submit(silent)).rejects.toMatchObject({ code: 'round-closed' });
    expect((await coordinator.detail(id)).status).toMatchObject({ state: 'training', round: 2, version: 1 });
    for (const client of clients) client.close();
  });

  it('[RD4] a client that has gone for good is not waited for', async () => {
    const { id, clients, submit } = await started(3);
    const [a, b, gone] = clients;
    await submit(a);
    await submit(b);
    gone.close();
    while ((await coordinator.detail(id)).status.ready > 2);
    clock.advance(20_000);
    expect(await a.hear('closed')).toMatchObject({ round: 1, outcome: 'committed', submissions: 2 });
    a.close();
    b.close();
  });

  it('[RD2] [UP4] a round that fails is repeated, with what it has', async () => {
    const { id, clients, submit } = await started(3);
    const [a, b, c] = clients;
    const first = await submit(a);
    clock.advance(600_000);
    expect(await b.hear('closed')).toMatchObject({
      round: 1,
      attempt: 1,
      outcome: 'failed',
      reason: expect.stringMatching(/1 of at least 2/),
    });
    expect(await b.hear('offer')).toMatchObject({ round: 1, attempt: 2, version: 0 });
    expect(await submit(a, { attempt: 2 })).toEqual(first);
    await submit(b, { attempt: 1 });
    await submit(c, { attempt: 2 });
    expect(await a.hear('closed', (closed) => closed.outcome === 'committed')).toMatchObject({ submissions: 3 });
    const { rounds } = await coordinator.detail(id);
    expect(rounds.map(({ number, attempt, state }) => [number, attempt, state])).toEqual([
      [1, 1, 'failed'],
      [1, 2, 'committed'],
      [2, 1, 'training'],
    ]);
    for (const client of clients) client.close();
  });

  it('[RD4] a late joiner is offered the round in progress, with the time that is left', async () => {
    const { id, invite, clients } = await started(2, { goal: 3 });
    clock.advance(100_000);
    const late = await ScriptedClient.join(coordinator.url, { federation: id, invite });
    expect(await late.hear('offer')).toMatchObject({ round: 1, remainingMs: 500_000 });
    for (const client of [...clients, late]) client.close();
  });

  it('a pause takes what is ready and begins nothing; a stop ends the round', async () => {
    const { id, clients, submit } = await started(2);
    const [a, b] = clients;
    await coordinator.act(id, 'pause');
    expect(await a.hear('status', (status) => status.state === 'paused')).toMatchObject({
      reason: expect.stringMatching(/paused/),
    });
    await submit(a);
    await submit(b);
    clock.advance(1_000_000);
    expect((await coordinator.detail(id)).status).toMatchObject({ state: 'paused', version: 0 });
    await coordinator.act(id, 'resume');
    expect(await a.hear('closed')).toMatchObject({ round: 1, outcome: 'committed' });
    await coordinator.act(id, 'stop');
    expect(await a.hear('closed')).toMatchObject({
      round: 2,
      outcome: 'failed',
      reason: expect.stringMatching(/stopped/),
    });
    expect(await b.hear('status', (status) => status.state === 'stopped')).toMatchObject({ version: 1 });
    await expect(submit(a, { round: 2 })).rejects.toMatchObject({ code: 'federation-ended' });
    await expect(coordinator.act(id, 'start')).rejects.toThrow(/stopped cannot start/);
    a.close();
    b.close();
  });

  it('[RD3] keeps no delta longer than its round', async () => {
    const { id, clients, submit } = await started(2);
    const spool = join(coordinator.folders.dataDirectory, 'spool', id);
    await submit(clients[0]);
    expect(await readdir(join(spool, '1'))).toEqual([clients[0].id]);
    await submit(clients[1]);
    await clients[0].hear('offer', (offer) => offer.round === 2);
    expect(await readdir(spool)).toEqual([]);
    for (const client of clients) client.close();
  });

  it('[PF3] asks for a new mask every so many rounds, and not again for the same round', async () => {
    const { id, invite } = await coordinator.createFederation(
      { ...smallFederation, search: { everyRounds: 1 }, schedule: { ...smallFederation.schedule, recruit: 2 } },
      { start: true },
    );
    const a = await ScriptedClient.join(coordinator.url, { federation: id, invite });
    const b = await ScriptedClient.join(coordinator.url, { federation: id, invite });
    for (const [i, client] of [a, b].entries()) {
      expect(await client.hear('offer')).toMatchObject({ round: 1, searchAnew: false });
      const { mask, values } = client.draw(i);
      await client.sendMask(mask);
      await client.sendDelta(mask, values);
    }
    expect(await a.hear('offer')).toMatchObject({ round: 2, searchAnew: true });
    await a.sendMask(a.draw(7).mask, 2);
    const back = await ScriptedClient.join(coordinator.url, { federation: id }, a.identity);
    expect(await back.hear('offer')).toMatchObject({ round: 2, searchAnew: false });
    back.close();
    b.close();
  });
});
