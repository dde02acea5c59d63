import { createHash, createPublicKey, KeyObject, sign, verify, webcrypto } from 'node:crypto';

/** In r and s, as WebCrypto has it. */
const dsaEncoding = 'ieee-p1363';
const keys = new Map<string, KeyObject>();

/**
 * WebCrypto whose answers are the same and are there at once. The real one asks its threads for each hash of a few bytes,
 * which took as long as all the rest of a schedule, and answers in an order that no seed repeats.
 */
export const quickCrypto = {
  getRandomValues: <T extends ArrayBufferView>(values: T) => webcrypto.getRandomValues(values as never) as unknown as T,
  randomUUID: () => webcrypto.randomUUID(),
  subtle: {
    generateKey: webcrypto.subtle.generateKey.bind(webcrypto.subtle),
    exportKey: webcrypto.subtle.exportKey.bind(webcrypto.subtle),

    async digest(_sha256: 'SHA-256', bytes: Uint8Array): Promise<ArrayBuffer> {
      return new Uint8Array(createHash('sha256').update(bytes).digest()).buffer;
    },

    async importKey(_spki: 'spki', bytes: Uint8Array): Promise<KeyObject> {
      const name = Buffer.from(bytes).toString('base64');
      const key = keys.get(name) ?? createPublicKey({ key: Buffer.from(bytes), format: 'der', type: 'spki' });
      keys.set(name, key);
      return key;
    },

    async sign(_algorithm: unknown, key: webcrypto.CryptoKey, text: Uint8Array): Promise<Uint8Array> {
      return sign('sha256', text, { key: KeyObject.from(key), dsaEncoding });
    },

    async verify(_algorithm: unknown, key: KeyObject, signature: Uint8Array, text: Uint8Array): Promise<boolean> {
      return verify('sha256', text, { key, dsaEncoding }, signature);
    },
  },
};
