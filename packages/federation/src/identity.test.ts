import { requests } from '@perfit/protocol';
import { beforeAll, describe, expect, it } from 'vitest';
import { clientIdOf, generateKeyPair, type Identity, identityFromKeyPair, verifySignature } from './index.ts';

describe('identity', () => {
  let identity: Identity;
  let other: Identity;
  beforeAll(async () => {
    identity = await identityFromKeyPair(await generateKeyPair({ extractable: false }));
    other = await identityFromKeyPair(await generateKeyPair({ extractable: false }));
  });

  it('[HS2] verifies what the key signed, and nothing else', async () => {
    const text = 'perfit/1 join a-federation a-nonce';
    const signature = await identity.sign(text);
    expect(requests.prove.request.safeParse({ signature }).success).toBe(true);
    expect(Buffer.from(signature, 'base64url').length).toBe(64);
    expect(await verifySignature(identity.publicKey, text, signature)).toBe(true);
    expect(await verifySignature(identity.publicKey, `${text}.`, signature)).toBe(false);
    expect(await verifySignature(other.publicKey, text, signature)).toBe(false);
    expect(await verifySignature(identity.publicKey, text, await other.sign(text))).toBe(false);
  });

  it('[HS2] answers nonsense with false', async () => {
    const signature = await identity.sign('text');
    for (const key of ['', 'A', '!', 'AAAA', identity.publicKey.slice(0, -4), `${identity.publicKey}=`]) {
      expect(await verifySignature(key, 'text', signature)).toBe(false);
    }
    for (const bad of ['', 'A', '%%', 'AAAA', signature.slice(4)]) {
      expect(await verifySignature(identity.publicKey, 'text', bad)).toBe(false);
    }
  });

  it('[HS2] calls the same key the same, and another key something else', async () => {
    const id = await clientIdOf(identity.publicKey);
    expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(await clientIdOf(identity.publicKey)).toBe(id);
    expect(await clientIdOf(other.publicKey)).not.toBe(id);
    // SHA-256 of the bytes 00 00 00, by another tool.
    expect(await clientIdOf('AAAA')).toBe(Buffer.from('709e80c88487a2411e1ee4dfb9f22a86', 'hex').toString('base64url'));
    await expect(clientIdOf('no key')).rejects.toMatchObject({ code: 'bad-message' });
  });

  it('[HS2] keeps the private half where it was made', async () => {
    const pair = await generateKeyPair({ extractable: false });
    await expect(crypto.subtle.exportKey('pkcs8', pair.privateKey)).rejects.toThrow();
  });
});
