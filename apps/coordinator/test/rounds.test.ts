import { aggregate } from '@perfit/federation';
import { decodeValues, maskHash } from '@perfit/protocol';
import { initialTheta, Mask } from '@perfit/protocol/space';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Coordinator } from '../src/index.ts';
import { ScriptedClient } from './scripted-client.ts';
import { type Folders, ManualClock, makeFolders, smallFederation, startCoordinator } from './stage.ts';

let folders: Folders;
let coordinator: Coordinator;
const clock = new ManualClock();

beforeAll(async () => {
  folders = await makeFolders();
  coordinator = await startCoordinator(folders, { clock });
}, 60_000);

afterAll(async () => {
  await coordinator.close();
  await folders.remove();
});

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
});
