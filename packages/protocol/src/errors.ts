import { z } from 'zod';

/** Every way in which a peer can be refused. The sentence for a person travels beside the code. */
export const errorCodes = [
  // handshake
  'protocol-version',
  'bad-message',
  'not-joined',
  'unknown-federation',
  'invite-required',
  'invite-invalid',
  'federation-full',
  'federation-ended',
  'signature-invalid',
  'strategy-unknown',
  'client-banned',
  'client-removed',
  'rate-limited',
  // rounds
  'round-closed',
  'round-unknown',
  'not-in-round',
  'mask-missing',
  'mask-density',
  // uploads and downloads
  'upload-unknown',
  'upload-size',
  'upload-offset',
  'upload-hash',
  'upload-busy',
  'download-range',
  // codecs
  'codec-truncated',
  'codec-magic',
  'codec-version',
  'codec-layout',
  'codec-mask',
  'codec-dtype',
  'codec-length',
  'codec-corrupt',
  // contents of a delta
  'delta-not-finite',
  'delta-norm',
  'delta-examples',
  // the REST API
  'login-required',
  'login-failed',
  'forbidden',
  'not-found',
  'conflict',
  // the server's own trouble: the client may try again
  'storage-failed',
  'shutting-down',
  'internal',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

export const errorBodySchema = z.object({
  code: z.enum(errorCodes),
  message: z.string().max(2000),
  data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
});
export type ErrorBody = z.infer<typeof errorBodySchema>;

/** A refusal that a person can read and a program can act on. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly code: ErrorCode;
  readonly data: ErrorBody['data'];

  constructor(code: ErrorCode, message: string, data?: ErrorBody['data']) {
    super(message);
    this.code = code;
    this.data = data;
  }

  toBody(): ErrorBody {
    return { code: this.code, message: this.message, ...(this.data ? { data: this.data } : {}) };
  }

  static from(body: ErrorBody): ProtocolError {
    return new ProtocolError(body.code, body.message, body.data);
  }
}
