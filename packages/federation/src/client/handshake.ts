import { PROTOCOL_VERSION, signedText, type Welcome } from '@perfit/protocol';
import type { Ask } from './ask.ts';
import type { Identity } from './ports.ts';

export interface Introduction {
  readonly identity: Identity;
  readonly federation: string;
  readonly invite?: string | null | undefined;
  /** Software and version, for the operator's eyes. */
  readonly agent: string;
  /** It was here before, over a connection that is lost. */
  readonly isReturning?: boolean;
}

/** [HS1] [HS2] Says who asks to come in, and proves it. @throws ProtocolError as it is refused */
export async function shakeHands(ask: Ask, introduction: Introduction): Promise<Welcome> {
  const { identity, federation, invite, agent, isReturning } = introduction;
  const hello = { protocol: PROTOCOL_VERSION, federation, publicKey: identity.publicKey, agent };
  const { nonce } = await ask('hello', {
    ...hello,
    ...(invite ? { invite } : {}),
    ...(isReturning ? { returning: true } : {}),
  });
  return ask('prove', { signature: await identity.sign(signedText(federation, nonce)) });
}
