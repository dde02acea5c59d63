import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ClientIdentity, newIdentity, tinyModel } from '@perfit/testkit';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { inForm } from '../../../../testing/form.ts';
import { seed } from '../../../../testing/seed.ts';
import { ModelCatalogue } from '../../src/models/model-catalogue.ts';
import type { FuzzClient } from './fuzz-client.ts';
import { FuzzWorld, type Trouble } from './fuzz-world.ts';
import { newFolder, seedFiles } from './quick-files.ts';

const ALL_SCHEDULES = inForm({ short: 300, long: 10_000 });
/** Files that share the schedules, so that two cores do. */
const LANES = 2;
const SCHEDULES = Math.ceil(ALL_SCHEDULES / LANES);
const CLIENTS = 4;

let models: ModelCatalogue;
let identities: ClientIdentity[];

const arbitrarySchedule = fc
  .record({
    rounds: fc.integer({ min: 1, max: 4 }),
    recruit: fc.integer({ min: 1, max: CLIENTS }),
    goal: fc.integer({ min: 1, max: CLIENTS }),
    minimum: fc.integer({ min: 1, max: CLIENTS }),
    deadlineSeconds: fc.integer({ min: 10, max: 120 }),
    settleSeconds: fc.integer({ min: 0, max: 20 }),
    maxRepeats: fc.integer({ min: 0, max: 5 }),
  })
  .map((schedule) => ({ ...schedule, minimum: Math.min(schedule.minimum, schedule.goal) }));

/** What happens next, and to whom; `and` happens at the same time. */
interface Draw {
  readonly what: number;
  readonly who: number;
  readonly size: number;
  readonly and: number;
}
const arbitraryDraws = fc.array(
  fc.record({ what: fc.nat({ max: 99 }), who: fc.nat({ max: CLIENTS - 1 }), size: fc.nat(9), and: fc.nat(3) }),
  // Without a size of its own an array would stay near its least length.
  { minLength: 30, maxLength: 90, size: 'max' },
);

/** Most of what happens is that somebody does what is due: chance alone would hardly ever end a round. */
function actionOf(world: FuzzWorld, { what, who, size }: Draw): () => Promise<void> {
  const client = world.clients[who] as (typeof world.clients)[number];
  if (what < 30) return () => steps(client, 1 + (size % 5));
  if (what < 62) return async () => void (await Promise.all(world.clients.map((each) => steps(each, 1 + (size % 3)))));
  if (what < 63) return () => client.drop();
  if (what < 64) return () => client.leave();
  if (what < 67) return () => client.comeTwice();
  if (what < 70) return () => client.repeat();
  if (what < 72) return () => client.submitAgain();
  if (what < 74) return async () => client.vary();
  if (what < 80) return async () => world.advance([50, 500, 2_000, 5_000, 15_000, 130_000][size % 6] as number);
  if (what < 91) return async () => world.makeTrouble(troubleOf(what, size));
  if (what < 92) return () => world.kill();
  if (what < 93) return () => world.restart();
  if (what < 95) return () => world.act('pause');
  if (what < 97) return () => world.act('resume');
  if (what < 98) return () => world.actOnRound(size % 2 ? 'repeat' : 'skip');
  if (what < 99) return () => world.act('start');
  return async () => (size === 0 ? world.act('stop') : undefined);
}

/** What is acknowledged or announced hangs on transactions: they fail more often than single statements. */
function troubleOf(what: number, size: number): Trouble {
  const kills = what % 2 === 0;
  const at = what < 89 ? 'transaction' : 'statement';
  return { at, after: size >> 1, what: size % 2 ? 'before' : 'after', kills };
}

async function steps(client: FuzzClient, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await client.advance();
}

/** The tests of one lane; its file puts files and hashes in memory first. */
export function testSchedules(lane: number): void {
  const laneSeed = seed + lane;

  beforeAll(async () => {
    const folder = await newFolder();
    await mkdir(join(folder, 'tiny'));
    await writeFile(join(folder, 'tiny', 'config.json'), JSON.stringify(tinyModel));
    models = await ModelCatalogue.open(folder);
    identities = await Promise.all(Array.from({ length: CLIENTS }, () => newIdentity()));
  }, 60_000);

  it(`[RD2] [RD3] [RD4] [UP4] [PF6] ${SCHEDULES} random schedules: no round is stuck, nothing counts twice or is lost, every commit is the sum of its log (seed ${laneSeed})`, async () => {
    const seen = { commits: 0, duringTrouble: 0, finished: 0, receipts: 0 };
    const property = fc.asyncProperty(arbitrarySchedule, arbitraryDraws, fc.nat(), async (schedule, draws, files) => {
      seedFiles(files);
      const world = await FuzzWorld.open(models, identities, schedule);
      try {
        for (let i = 0; i < draws.length; ) {
          const together = draws.slice(i, i + 1 + (draws[i]?.and === 0 ? 2 : 0));
          i += together.length;
          await world.settle(together.map((draw) => actionOf(world, draw)));
        }
        seen.duringTrouble += world.room.status.version;
        await world.comeToRest();
        expect(await world.check()).toEqual([]);
        seen.commits += world.room.status.version;
        seen.finished += Number(world.room.status.state === 'finished');
        seen.receipts += world.clients.reduce((sum, { receipts }) => sum + receipts.length, 0);
      } finally {
        await world.close();
      }
    });
    await fc.assert(property, { numRuns: SCHEDULES, seed: laneSeed });
    // Schedules in which nothing comes about would show nothing.
    expect(seen.commits).toBeGreaterThan(SCHEDULES);
    expect(seen.duringTrouble).toBeGreaterThan(SCHEDULES / 2);
    expect(seen.receipts).toBeGreaterThan(SCHEDULES);
    expect(seen.finished).toBeGreaterThan(SCHEDULES / 4);
  }, 3_600_000);
}
