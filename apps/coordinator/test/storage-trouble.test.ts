import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aggregate } from '@perfit/federation';
import { initialTheta } from '@perfit/protocol/space';
import { ScriptedClient, smallFederation } from '@perfit/testkit';
import { type Folders, makeFolders, startCoordinator } from '@perfit/testkit/coordinator';
import { expect, it, vi } from 'vitest';
import { needsMount, needsPostgres } from '../../../testing/needs.ts';
import type { Coordinator } from '../src/index.ts';
import { startPostgres } from './postgres-server.ts';

// Starts take seconds where other tests keep both cores busy.
vi.setConfig({ testTimeout: 90_000 });

/** A disk of its own, which may be filled and made read-only. */
class SmallDisk {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async mount(): Promise<SmallDisk> {
    const folder = await mkdtemp(join(tmpdir(), 'perfit-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=160m', 'tmpfs', folder]);
    return new SmallDisk(folder);
  }

  /** All but so many bytes. */
  async fill(left: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.folder);
    execFileSync('fallocate', ['-l', String(bavail * bsize - left), join(this.folder, 'filler')]);
  }

  async makeRoom(): Promise<void> {
    await rm(join(this.folder, 'filler'));
  }

  remount(mode: 'ro' | 'rw'): void {
    execFileSync('mount', ['-o', `remount,${mode}`, this.folder]);
  }

  async unmount(): Promise<void> {
    execFileSync('umount', ['-l', this.folder]);
    await rm(this.folder, { recursive: true });
  }
}

/** Its status, and the reasons against it. */
async function readiness(coordinator: Coordinator): Promise<{ code: number; reasons: string[] }> {
  const response = await fetch(new URL('/readyz', coordinator.url));
  const { checks } = (await response.json()) as { checks: Record<string, { reason?: string }> };
  return { code: response.status, reasons: Object.values(checks).flatMap(({ reason }) => reason ?? []) };
}

/** Two clients in a round; the first has submitted, the second has sent its mask. */
async function inRound(coordinator: Coordinator) {
  const { id } = await coordinator.createFederation({ ...smallFederation, access: 'open' }, { start: true });
  const a = await ScriptedClient.join(coordinator.url, { federation: id });
  const b = await ScriptedClient.join(coordinator.url, { federation: id });
  const [one, two] = [a.draw(1), b.draw(2)];
  await a.sendMask(one.mask);
  const receipt = await a.sendDelta(one.mask, one.values);
  await b.sendMask(two.mask);
  const bytes = await b.deltaBytes(two.mask, two.values);
  const finish = async () => {
    await b.sendDelta(two.mask, two.values);
    expect(await a.hear('closed')).toMatchObject({ round: 1, outcome: 'committed' });
    const submissions = [one, two].map(({ mask, values }) => ({ mask, delta: values, weight: 50 }));
    expect(await coordinator.globalTheta(id)).toEqual(aggregate(initialTheta(a.layout, 1), submissions));
    // [UP4] What was acknowledged before the trouble still is.
    expect(await a.sendDelta(one.mask, one.values)).toEqual(receipt);
    a.close();
    b.close();
  };
  return { b, bytes, announce: await b.announceOf(bytes), finish };
}

const folderOf = (folders: Folders, dataDirectory: string): Folders => ({ ...folders, dataDirectory });

it(
  'a full disk refuses what is new with a sentence, loses nothing, and goes on when there is room',
  needsMount(),
  async () => {
    const folders = await makeFolders();
    const disk = await SmallDisk.mount();
    const data = join(disk.folder, 'data');
    await cp(folders.dataDirectory, data, { recursive: true });
    const coordinator = await startCoordinator(folderOf(folders, data));
    const { b, bytes, announce, finish } = await inRound(coordinator);
    expect(await readiness(coordinator)).toEqual({ code: 200, reasons: [] });

    await disk.fill(16 << 20);
    expect(await readiness(coordinator)).toEqual({ code: 503, reasons: ['The disk of the coordinator is full.'] });
    await expect(b.ask('announce', announce)).rejects.toMatchObject({
      code: 'storage-failed',
      message: expect.stringMatching(/^The disk of the coordinator is full/),
    });
    await disk.makeRoom();
    expect(await readiness(coordinator)).toEqual({ code: 200, reasons: [] });

    // Full to the last byte in the middle of an upload.
    const answer = await b.ask('announce', announce);
    if (answer.state !== 'send') throw new Error('nothing was sent yet');
    await disk.fill(0);
    await expect(b.ask('chunk', { upload: answer.upload, offset: 0, data: bytes })).rejects.toMatchObject({
      code: 'storage-failed',
    });
    await disk.makeRoom();
    await finish();
    await coordinator.close();
    await disk.unmount();
    await folders.remove();
  },
);

it('a read-only data directory ends the start with a sentence', needsMount(), async () => {
  const folders = await makeFolders();
  const disk = await SmallDisk.mount();
  const data = join(disk.folder, 'data');
  await mkdir(data);
  disk.remount('ro');
  await expect(startCoordinator(folderOf(folders, data))).rejects.toMatchObject({
    code: 'data-directory',
    message: `The disk of the coordinator is read-only. (${data})`,
  });
  await disk.unmount();
  await folders.remove();
});

// The embedded database keeps files open for writing: no disk becomes read-only under it, but for a failure.
it('a disk that becomes read-only refuses what is new, and goes on when it is not', {
  ...needsMount(),
  ...needsPostgres(),
}, async () => {
  const folders = await makeFolders();
  const postgres = await startPostgres();
  const disk = await SmallDisk.mount();
  const data = join(disk.folder, 'data');
  const coordinator = await startCoordinator(folderOf(folders, data), { databaseUrl: postgres.url });
  const { b, announce, finish } = await inRound(coordinator);
  disk.remount('ro');
  expect(await readiness(coordinator)).toEqual({ code: 503, reasons: ['The disk of the coordinator is read-only.'] });
  await expect(b.ask('announce', announce)).rejects.toMatchObject({
    code: 'storage-failed',
    message: expect.stringMatching(/^The disk of the coordinator is read-only/),
  });
  disk.remount('rw');
  expect(await readiness(coordinator)).toEqual({ code: 200, reasons: [] });
  await finish();
  await coordinator.close();
  postgres.stop();
  await disk.unmount();
  await folders.remove();
});

it(
  'a database that goes away and comes back: nothing acknowledged is lost, and the round goes on',
  needsPostgres(),
  async () => {
    const folders = await makeFolders();
    const postgres = await startPostgres();
    const coordinator = await startCoordinator(folders, { databaseUrl: postgres.url });
    const { b, announce, finish } = await inRound(coordinator);
    postgres.goAway();
    expect(await readiness(coordinator)).toMatchObject({
      code: 503,
      reasons: expect.arrayContaining(['The database does not answer.']),
    });
    await expect(b.ask('announce', announce)).rejects.toMatchObject({
      code: 'storage-failed',
      message: expect.stringMatching(/^The database of the coordinator/),
    });
    postgres.comeBack();
    expect(await readiness(coordinator)).toEqual({ code: 200, reasons: [] });
    await finish();
    await coordinator.close();
    postgres.stop();
    await folders.remove();
  },
);
