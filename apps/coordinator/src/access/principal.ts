import type { OperatorRole } from '@perfit/protocol';

/** Who asks something of the operator's API, once that is proven: a session of an operator, or an API key. */
export interface Principal {
  readonly kind: 'operator' | 'key';
  /** The session's or the key's. */
  readonly id: string;
  /** The operator's, or the key's label. */
  readonly name: string;
  readonly role: OperatorRole;
  readonly expiresAt: Date | null;
}
