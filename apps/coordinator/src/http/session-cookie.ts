import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Session } from '../operator/operator-accounts.ts';

const NAME = 'perfit_session';

export function setSessionCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  issued: { token: string; session: Session },
): void {
  reply.setCookie(NAME, issued.token, {
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure: request.protocol === 'https',
    expires: issued.session.expiresAt,
  });
}

export function clearSessionCookie(reply: FastifyReply): void {
  reply.clearCookie(NAME, { path: '/', httpOnly: true, sameSite: 'strict' });
}

/** From a raw Cookie header: the socket has no Fastify around it. */
export function sessionTokenOf(header: string | undefined): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const [name, ...value] = part.trim().split('=');
    if (name === NAME) return value.join('=');
  }
  return undefined;
}
