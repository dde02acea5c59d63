import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  type ClientStore,
  decodeClientRecord,
  encodeClientRecord,
  generateKeyPair,
  type Identity,
  identityFromKeyPair,
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

/** One file a federation; a damaged one is as good as none, and says so. */
export function folderStore(folder: string, say: (line: string) => void): ClientStore {
  const fileOf = (federation: string) => join(resolve(folder), `${federation}.client`);
  return {
    async load(federation) {
      const file = fileOf(federation);
      if (!existsSync(file)) return null;
      const { record, reason } = await decodeClientRecord(readFileSync(file));
      if (!record) say(`${file} cannot be used and is left aside: ${reason}`);
      return record;
    },
    async save(federation, record) {
      const file = fileOf(federation);
      writeFileSync(`${file}.new`, await encodeClientRecord(record), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    },
    async remove(federation) {
      rmSync(fileOf(federation), { force: true });
    },
  };
}
