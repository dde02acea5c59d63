import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  type ClientStore,
  generateKeyPair,
  type Identity,
  identityFromKeyPair,
  type PartStorage,
  recordStore,
} from '@perfit/federation';

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' };

/** [HS2] The key in this folder, made at the first call; readable by its owner only. */
export async function folderIdentity(folder: string): Promise<Identity> {
  mkdirSync(resolve(folder), { recursive: true, mode: 0o700 });
  const file = join(resolve(folder), 'key.json');
  if (!existsSync(file)) {
    const made = await generateKeyPair({ extractable: true });
    const [publicKey, privateKey] = await Promise.all([
      crypto.subtle.exportKey('jwk', made.publicKey),
      crypto.subtle.exportKey('jwk', made.privateKey),
    ]);
    writeFileSync(file, JSON.stringify({ publicKey, privateKey }), { mode: 0o600, flag: 'wx' });
  }
  const { publicKey, privateKey } = JSON.parse(readFileSync(file, 'utf8')) as Record<
    'publicKey' | 'privateKey',
    JsonWebKey
  >;
  return identityFromKeyPair({
    publicKey: await crypto.subtle.importKey('jwk', publicKey, CURVE, true, ['verify']),
    privateKey: await crypto.subtle.importKey('jwk', privateKey, CURVE, false, ['sign']),
  });
}

/** A file and a folder of parts a federation; what is damaged is as good as none, and says so. */
export function folderStore(folder: string, say: (line: string) => void): ClientStore {
  return recordStore(folderParts(folder), (reason, federation) =>
    say(`${join(resolve(folder), `${federation}.client`)} cannot be used and is left aside: ${reason}`),
  );
}

/** The head is what counts: parts that it does not name, or not yet, are in nobody's way. */
function folderParts(folder: string): PartStorage {
  const headOf = (federation: string) => join(resolve(folder), `${federation}.client`);
  const partsOf = (federation: string) => join(resolve(folder), `${federation}.parts`);
  const read = (file: string) => (existsSync(file) ? readFileSync(file) : null);
  return {
    head: async (federation) => read(headOf(federation)),
    part: async (federation, name) => read(join(partsOf(federation), name)),
    async write(federation, { head, added, names }) {
      const parts = partsOf(federation);
      mkdirSync(parts, { recursive: true, mode: 0o700 });
      for (const [name, bytes] of added) replace(join(parts, name), bytes);
      replace(headOf(federation), head);
      for (const name of readdirSync(parts)) if (!names.has(name)) rmSync(join(parts, name), { force: true });
    },
    async remove(federation) {
      rmSync(headOf(federation), { force: true });
      rmSync(partsOf(federation), { recursive: true, force: true });
    },
  };
}

/** A reader finds the file from before or this one. */
function replace(file: string, bytes: Uint8Array): void {
  writeFileSync(`${file}.new`, bytes, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
