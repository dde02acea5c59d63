import { ProtocolError } from '@perfit/protocol';
import type { Identity } from './client/ports.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** [HS2] A client's new key pair. A browser keeps it with `extractable: false`; a file needs `true`. */
export function generateKeyPair(options: { extractable: boolean }): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, options.extractable, ['sign', 'verify']);
}

/** [HS2] */
export async function identityFromKeyPair(keyPair: CryptoKeyPair): Promise<Identity> {
  const spki = await crypto.subtle.exportKey('spki', keyPair.publicKey);
  return {
    publicKey: toBase64url(new Uint8Array(spki)),
    sign: async (text) => {
      const signature = await crypto.subtle.sign(SIGNATURE, keyPair.privateKey, new TextEncoder().encode(text));
      return toBase64url(new Uint8Array(signature));
    },
  };
}

/** [HS2] False for a wrong signature as for a key or signature that is none: never an exception. */
export async function verifySignature(publicKey: string, text: string, signature: string): Promise<boolean> {
  const spki = fromBase64url(publicKey);
  const bytes = fromBase64url(signature);
  if (!spki || !bytes) return false;
  try {
    const key = await crypto.subtle.importKey('spki', spki, ALGORITHM, false, ['verify']);
    return await crypto.subtle.verify(SIGNATURE, key, bytes, new TextEncoder().encode(text));
  } catch {
    return false;
  }
}

/**
 * [HS2] What a client is called: the first 16 bytes of the SHA-256 of its SPKI, base64url (22 characters).
 * @throws ProtocolError `bad-message` where the key is not base64url
 */
export async function clientIdOf(publicKey: string): Promise<string> {
  const spki = fromBase64url(publicKey);
  if (!spki) throw new ProtocolError('bad-message', 'The public key is not base64url.');
  return toBase64url(new Uint8Array(await crypto.subtle.digest('SHA-256', spki)).subarray(0, 16));
}

function toBase64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** @returns null where the text is not base64url, or not the one way to write its bytes */
function fromBase64url(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return null;
  const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
  return toBase64url(bytes) === text ? bytes : null;
}
