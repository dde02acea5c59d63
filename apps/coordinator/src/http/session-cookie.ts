import type { FastifyReply, FastifyRequest } from 'fastify';
import type { OpenedSession } from '../access/sessions.ts';

const NAME = 'perfit_session';

export function setSessionCookie(request: FastifyRequest, reply: FastifyReply, opened: OpenedSession): void {
  reply.setCookie(NAME, opened.token, {
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure: request.protocol === 'https',
    expires: opened.principal.expiresAt,
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
