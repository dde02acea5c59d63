import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifySignature } from '@perfit/federation';
import { sampleRecord } from '@perfit/testkit';
import { afterAll, describe, expect, it } from 'vitest';
import { folderIdentity, folderStore } from './client-folder.ts';

const root = mkdtempSync(join(tmpdir(), 'perfit-client-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('folderIdentity', () => {
  it('[HS2] makes a key once, for its owner only, and signs with it', async () => {
    const folder = join(root, 'key');
    const first = await folderIdentity(folder);
    const again = await folderIdentity(folder);
    expect(again.publicKey).toBe(first.publicKey);
    expect(statSync(join(folder, 'key.json')).mode & 0o777).toBe(0o600);
    expect(await verifySignature(first.publicKey, 'a nonce', await again.sign('a nonce'))).toBe(true);
    expect(await verifySignature(first.publicKey, 'another', await again.sign('a nonce'))).toBe(false);
    expect((await folderIdentity(join(root, 'other'))).publicKey).not.toBe(first.publicKey);
  });
});

describe('folderStore', () => {
  const record = sampleRecord(
    2,
    Float32Array.from({ length: 9 }, (_, p) => p / 3),
  );

  it('[HS3] gives back what was saved, leaves no half-written file, and forgets', async () => {
    const store = folderStore(root, () => {});
    expect(await store.load('village')).toBeNull();
    await store.save('village', record);
    expect(await store.load('village')).toEqual(record);
    expect(readdirSync(root).filter((name) => name.endsWith('.new'))).toEqual([]);
    await store.remove('village');
    expect(await store.load('village')).toBeNull();
  });

  it('takes a damaged record for none and says so', async () => {
    const said: string[] = [];
    const store = folderStore(root, (line) => said.push(line));
    await store.save('town', record);
    const file = join(root, 'town.client');
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    writeFileSync(file, bytes);
    expect(await store.load('town')).toBeNull();
    expect(said.join()).toMatch(/town\.client cannot be used/);
  });
});
