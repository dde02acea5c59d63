import { type ErrorCode, ProtocolError } from '@perfit/protocol';
import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify';
import { ZodError } from 'zod';
import { FederationError } from '../federations/federations.ts';
import type { Meters } from '../metrics/meters.ts';
import { MissingModelError, ModelError } from '../models/model-error.ts';
import { ModelChangedError } from '../models/model-hashes.ts';

const statuses: Partial<Record<ErrorCode, number>> = {
  'bad-message': 400,
  'login-required': 401,
  'login-failed': 401,
  forbidden: 403,
  'not-found': 404,
  'unknown-federation': 404,
  conflict: 409,
  'rate-limited': 429,
  'storage-failed': 503,
  'shutting-down': 503,
};

/** Every refusal of the REST API is a code and a sentence, as on the socket. */
export function answerRefusals(app: FastifyInstance, meters: Meters): void {
  app.setErrorHandler((error: FastifyError | Error, request, reply) => {
    const refusal = refusalOf(error);
    meters.httpRefused.inc({ code: refusal?.code ?? 'internal' });
    if (refusal) return refuse(reply, refusal);
    request.log.error({ err: error }, 'a request failed');
    return refuse(
      reply,
      new ProtocolError('internal', 'The coordinator failed; its log says why.', { request: request.id }),
    );
  });
}

export function refuse(reply: FastifyReply, refusal: ProtocolError): FastifyReply {
  return reply
    .code(statuses[refusal.code] ?? 500)
    .header('cache-control', 'no-store')
    .send(refusal.toBody());
}

/** For the audit log. */
export function codeOf(error: unknown): ErrorCode {
  return (error instanceof Error ? refusalOf(error) : null)?.code ?? 'internal';
}

function refusalOf(error: FastifyError | Error): ProtocolError | null {
  if (error instanceof ProtocolError) return error;
  if (error instanceof FederationError) {
    if (error.code === 'unknown') return new ProtocolError('unknown-federation', error.message);
    return new ProtocolError(error.code === 'bad-config' ? 'bad-message' : 'conflict', error.message);
  }
  if (error instanceof MissingModelError) return new ProtocolError('not-found', error.message);
  if (error instanceof ModelError || error instanceof ModelChangedError) {
    return new ProtocolError('conflict', error.message);
  }
  if (error instanceof ZodError) {
    const issue = error.issues[0];
    const where = issue?.path.length ? ` at ${issue.path.join('.')}` : '';
    return new ProtocolError('bad-message', `The request is malformed${where}: ${issue?.message ?? 'unknown'}.`);
  }
  const status = 'statusCode' in error ? error.statusCode : undefined;
  if (status === 404) return new ProtocolError('not-found', 'There is nothing at this address.');
  if (status === 429) return new ProtocolError('rate-limited', 'Too many requests; try again in a moment.');
  if (status !== undefined && status >= 400 && status < 500) {
    return new ProtocolError('bad-message', `The request cannot be read: ${error.message}`);
  }
  return null;
}
