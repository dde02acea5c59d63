import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aggregate, type GlobalState, openAggregation } from '@perfit/federation';
import { decodeValues, federationConfigSchema, maskHash } from '@perfit/protocol';
import { initialTheta, Mask } from '@perfit/protocol/space';
import { ManualClock, ScriptedClient, smallFederation } from '@perfit/testkit';
import { hostCoordinator, makeFolders, startCoordinator } from '@perfit/testkit/coordinator';
import { describe, expect, it, vi } from 'vitest';

// Starts take seconds where other tests keep both cores busy.
vi.setConfig({ testTimeout: 90_000 });

const clock = new ManualClock();
const coordinator = hostCoordinator({ clock });

describe('a restart', () => {
  it('[RD4] [UP2] keeps the round, what was submitted, and half of an upload', async () => {
    const { id, invite } = await coordinator.createFederation(smallFederation, { start: true });
    const a = await ScriptedClient.join(coordinator.url, { federation: id, invite });
    const b = await ScriptedClient.join(coordinator.url, { federation: id, invite });
    const [one, two] = [a.draw(1), b.draw(2)];
    await a.sendMask(one.mask);
    const receipt = await a.sendDelta(one.mask, one.values);
    await b.sendMask(two.mask);
    const bytes = await b.deltaBytes(two.mask, two.values);
    const announce = await b.announceOf(bytes);
    const answer = await b.ask('announce', announce);
    if (answer.state !== 'send') throw new Error('nothing was sent yet');
    await b.ask('chunk', { upload: answer.upload, offset: 0, data: bytes.subarray(0, 200) });
    await coordinator.restart();

    const aBack = await ScriptedClient.join(coordinator.url, { federation: id }, a.identity);
    expect(await aBack.sendDelta(one.mask, one.values)).toEqual(receipt);
    const bBack = await ScriptedClient.join(coordinator.url, { federation: id }, b.identity);
    expect(await bBack.hear('offer')).toMatchObject({ round: 1, attempt: 1 });
    expect(await bBack.ask('announce', announce)).toEqual({ state: 'send', upload: answer.upload, offset: 200 });
    await bBack.sendDelta(two.mask, two.values);
    await aBack.hear('closed');
    const expected = aggregate(initialTheta(aBack.layout, 1), [
      { mask: one.mask, delta: one.values, weight: 50 },
      { mask: two.mask, delta: two.values, weight: 50 },
    ]);
    expect(await coordinator.globalTheta(id)).toEqual(expected);
    const { clients } = await coordinator.detail(id);
    for (const { bytesUp } of clients) expect(bytesUp).toBeGreaterThan(300);
    aBack.close();
    bBack.close();
  });

  it('[RD4] [DC2] counts what was submitted in int8 before it as it would have without', async () => {
    const config = { ...smallFederation, wire: { dtype: 'int8' as const } };
    const { id, invite } = await coordinator.createFederation(config, { start: true });
    const a = await ScriptedClient.join(coordinator.url, { federation: id, invite });
    const b = await ScriptedClient.join(coordinator.url, { federation: id, invite });
    const layoutHash = a.welcome?.federation.layout.hash as string;
    const submissionOf = async (client: ScriptedClient, seed: number) => {
      const { mask, values } = client.draw(seed);
      const expected = { layoutHash, maskHash: await maskHash(mask), count: mask.kept };
      return { mask, values, delta: decodeValues(await client.deltaBytes(mask, values), expected), weight: 50 };
    };
    const [one, two] = [await submissionOf(a, 1), await submissionOf(b, 2)];
    await a.sendMask(one.mask);
    await a.sendDelta(one.mask, one.values);
    await coordinator.restart();
    const back = await ScriptedClient.join(coordinator.url, { federation: id }, b.identity);
    await back.sendMask(two.mask);
    await back.sendDelta(two.mask, two.values);
    await back.hear('closed');
    expect(await coordinator.globalTheta(id)).toEqual(aggregate(initialTheta(back.layout, 1), [one, two]));
    back.close();
  });

  it('[PF6b] takes the median of what it folded before and after, and refuses a federation that has none', async () => {
    const robust = { clipNorm: 0.5, mean: 'median' as const, minimumOwners: 2 };
    const input = { ...smallFederation, robust };
    const { id, invite } = await coordinator.createFederation(input, { start: true });
    const a = await ScriptedClient.join(coordinator.url, { federation: id, invite });
    const b = await ScriptedClient.join(coordinator.url, { federation: id, invite });
    const [one, two] = [a.draw(1), b.draw(2)];
    await a.sendMask(one.mask);
    await a.sendDelta(one.mask, one.values);
    await coordinator.restart();
    const back = await ScriptedClient.join(coordinator.url, { federation: id }, b.identity);
    await back.sendMask(two.mask);
    await back.sendDelta(two.mask, two.values);
    await back.hear('closed');
    const config = federationConfigSchema.parse(input);
    const { layout } = back;
    const global = { theta: initialTheta(layout, config.seed), moments: null, owners: null };
    const aggregation = openAggregation({ config, layout, round: 1, global });
    for (const { mask, values } of [one, two]) aggregation.add(mask, values, 50);
    const theta = await coordinator.globalTheta(id);
    expect(theta).toEqual(aggregation.apply().theta);
    const sent = [one, two].map(({ mask, values }) => ({ mask, delta: values, weight: 50 }));
    expect(theta).not.toEqual(aggregate(global.theta, sent));
    back.close();
    await expect(coordinator.createFederation({ ...input, strategy: 'hetlora' })).rejects.toMatchObject({
      code: 'bad-config',
      message: expect.stringContaining('median'),
    });
  });

  it('[RD3] [PF6] keeps what the optimizer of the server has gathered', async () => {
    const server = { optimizer: 'adam' as const, learningRate: 0.1 };
    const config = federationConfigSchema.parse({ ...smallFederation, server });
    const { id, invite } = await coordinator.createFederation({ ...smallFederation, server }, { start: true });
    const a = await ScriptedClient.join(coordinator.url, { federation: id, invite });
    const b = await ScriptedClient.join(coordinator.url, { federation: id, invite });
    const { layout } = a;
    const [one, two] = [a.draw(1), b.draw(2)];
    let expected: GlobalState = { theta: initialTheta(layout, config.seed), moments: null, owners: null };
    const foldRound = (round: number) => {
      const aggregation = openAggregation({ config, layout, round, global: expected });
      for (const { mask, values } of [one, two]) aggregation.add(mask, values, 50);
      expected = aggregation.apply();
    };
    for (const [client, { mask, values }] of [[a, one] as const, [b, two] as const]) {
      await client.sendMask(mask);
      await client.sendDelta(mask, values);
    }
    await a.hear('closed');
    foldRound(1);
    expect(await coordinator.globalTheta(id)).toEqual(expected.theta);
    await coordinator.restart();

    const back = [one, two].map(({ mask, values }, i) => ({ identity: [a, b][i]?.identity, mask, values }));
    const clients: ScriptedClient[] = [];
    for (const { identity } of back) {
      clients.push(await ScriptedClient.join(coordinator.url, { federation: id }, identity));
    }
    for (const [i, { mask, values }] of back.entries()) await clients[i]?.sendDelta(mask, values, { round: 2 });
    await clients[0]?.hear('closed');
    foldRound(2);
    expect(expected.moments?.second?.some((value) => value > 0)).toBe(true);
    expect(await coordinator.globalTheta(id)).toEqual(expected.theta);
    for (const client of clients) client.close();
  });

  it('[PF3] counts the owners of a round that it broke into, and tells of them after another', async () => {
    const config = { ...smallFederation, search: { prior: 1 } };
    const { id, invite } = await coordinator.createFederation(config, { start: true });
    const a = await ScriptedClient.join(coordinator.url, { federation: id, invite });
    const b = await ScriptedClient.join(coordinator.url, { federation: id, invite });
    const { size } = a.layout;
    const [some, all] = [Mask.from(size, (p) => p % 3 === 0), Mask.from(size, (p) => p % 2 === 0)];
    await a.sendMask(some);
    await a.sendDelta(some, new Float32Array(some.kept).fill(1));
    await coordinator.restart();
    const back = await ScriptedClient.join(coordinator.url, { federation: id }, b.identity);
    await back.sendMask(all);
    await back.sendDelta(all, new Float32Array(all.kept).fill(1));
    await back.hear('closed');
    const expected = Float32Array.from({ length: size }, (_, p) => (Number(some.has(p)) + Number(all.has(p))) / 2);
    expect(await back.shares(1)).toEqual(expected);
    await coordinator.restart();
    const late = await ScriptedClient.join(coordinator.url, { federation: id }, a.identity);
    expect(await late.shares(1)).toEqual(expected);
    late.close();
  });

  it('[RD4] a submission that the disk has lost is asked for again', async () => {
    const { id, invite } = await coordinator.createFederation(smallFederation, { start: true });
    const a = await ScriptedClient.join(coordinator.url, { federation: id, invite });
    const b = await ScriptedClient.join(coordinator.url, { federation: id, invite });
    const { mask, values } = a.draw(1);
    await a.sendMask(mask);
    await a.sendDelta(mask, values);
    b.close();
    const spool = join(coordinator.folders.dataDirectory, 'spool', id, '1');
    const [name] = await readdir(spool);
    const kept = await readFile(join(spool, name as string));
    await coordinator.close();
    await writeFile(join(spool, name as string), kept.subarray(0, 90));
    await coordinator.start({ port: coordinator.port });
    const back = await ScriptedClient.join(coordinator.url, { federation: id }, a.identity);
    expect(back.welcome?.standing.lastSubmission).toBe(null);
    expect(await back.hear('offer')).toMatchObject({ round: 1 });
    await back.sendDelta(mask, values);
    expect((await coordinator.detail(id)).events.map((event) => event.kind)).toContain('submissions-lost');
    back.close();
  });

  it('leaves alone a federation whose model is gone, and goes on with the others', async () => {
    const { id } = await coordinator.createFederation(smallFederation, { start: true });
    await coordinator.close();
    const config = join(coordinator.folders.modelsDirectory, 'tiny', 'config.json');
    const before = await readFile(config);
    await rm(config);
    await coordinator.start();
    expect(await coordinator.openFederations()).toEqual([]);
    await mkdir(join(coordinator.folders.modelsDirectory, 'other'));
    await writeFile(join(coordinator.folders.modelsDirectory, 'other', 'config.json'), before);
    await expect(coordinator.createFederation({ ...smallFederation, model: 'other' }, { id })).rejects.toMatchObject({
      code: 'exists',
      message: expect.stringMatching(/could not be taken up at the start/),
    });
    await coordinator.close();
    await writeFile(config, before);
    await coordinator.start();
    expect(await coordinator.openFederations()).toContainEqual(expect.objectContaining({ id, name: 'Small' }));
  });
});

describe('a start that cannot be', () => {
  it('says that the data directory is in use', async () => {
    await expect(startCoordinator(coordinator.folders)).rejects.toMatchObject({
      code: 'data-directory-in-use',
      message: expect.stringMatching(new RegExp(`in use by another coordinator \\(process ${process.pid}\\)`)),
    });
  });

  it('takes over the lock of a process that is gone, or that is another one by now', async () => {
    await coordinator.close();
    const lock = join(coordinator.folders.dataDirectory, 'coordinator.lock');
    const gone = spawnSync(process.execPath, ['--version']).pid;
    for (const left of [`{"pid":${gone},"started":null}`, `{"pid":${process.ppid},"started":"1"}`, 'garbage', '']) {
      await writeFile(lock, left);
      await coordinator.start();
      await coordinator.close();
      expect((await readdir(coordinator.folders.dataDirectory)).filter((name) => name.includes('lock'))).toEqual([]);
    }
    await coordinator.start();
  });

  it('says that its port is in use, and gives the data directory back', async () => {
    const other = await makeFolders();
    await expect(startCoordinator(other, { port: coordinator.port })).rejects.toMatchObject({
      code: 'address-in-use',
      message: `Port ${coordinator.port} of 127.0.0.1 is in use by another program.`,
    });
    await (await startCoordinator(other)).close();
    await other.remove();
  });

  it('says that there are no models, no database, or no place for data', async () => {
    const missing = join(coordinator.folders.root, 'nowhere');
    await expect(startCoordinator({ ...coordinator.folders, modelsDirectory: missing })).rejects.toMatchObject({
      code: 'models-missing',
      message: `There is no models directory at ${missing}.`,
    });
    const file = join(coordinator.folders.root, 'a-file');
    await writeFile(file, '');
    await expect(startCoordinator({ ...coordinator.folders, dataDirectory: join(file, 'data') })).rejects.toMatchObject(
      {
        code: 'data-directory',
      },
    );
    await coordinator.close();
    const nowhere = { databaseUrl: `postgres://nobody@127.0.0.1:${coordinator.port}/none` };
    await expect(startCoordinator(coordinator.folders, nowhere)).rejects.toMatchObject({
      code: 'database',
      message: expect.stringMatching(/DATABASE_URL cannot be used/),
    });
    await coordinator.start();
  });
});
