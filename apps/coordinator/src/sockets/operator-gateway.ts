import { ProtocolError, parseMessage, watchSchema } from '@perfit/protocol';
import type { Logger } from 'pino';
import type { Namespace, Socket } from 'socket.io';
import type { Clock } from '../clock.ts';
import type { Federations } from '../federations/federations.ts';
import type { Views } from '../federations/views.ts';
import type { Origins } from '../http/origins.ts';
import { sessionTokenOf } from '../http/session-cookie.ts';
import type { OperatorAccounts } from '../operator/operator-accounts.ts';

export interface OperatorGatewayParts {
  readonly accounts: OperatorAccounts;
  readonly federations: Federations;
  readonly views: Views;
  readonly origins: Origins;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A watched federation is pushed twice a second at most. */
const PUSH_PAUSE_MS = 500;

/** The namespace `/operator`: after `watch` it pushes the federation's `detail`, now and at every change. */
export function attachOperators(namespace: Namespace, parts: OperatorGatewayParts): void {
  namespace.use((socket, next) => {
    const { cookie, origin, host } = socket.handshake.headers;
    parts.accounts.session(sessionTokenOf(cookie)).then(
      (session) => {
        if (session && parts.origins.allowsOwn(origin, host)) return next();
        next(new ProtocolError('login-required', 'Please sign in as an operator first.'));
      },
      () => next(new ProtocolError('internal', 'The session could not be checked.')),
    );
  });
  namespace.on('connection', (socket) => attach(socket, parts));
}

function attach(socket: Socket, { federations, views, clock, logger }: OperatorGatewayParts): void {
  let watched: string | null = null;
  let isDirty = false;
  let isResting = false;
  let cancel = () => {};

  const push = async () => {
    const room = watched === null ? null : federations.find(watched);
    if (!room) return;
    isDirty = false;
    isResting = true;
    cancel = clock.after(PUSH_PAUSE_MS, () => {
      isResting = false;
      if (isDirty) start();
    });
    const detail = await views.detail(room);
    if (watched === room.id) socket.emit('detail', detail);
  };
  const start = () => {
    push().catch((error: unknown) => logger.error({ err: error }, 'a detail could not be pushed'));
  };
  const unsubscribe = federations.onChange((federation) => {
    if (federation !== watched) return;
    isDirty = true;
    if (!isResting) start();
  });

  socket.on('watch', (message: unknown, acknowledge?: unknown) => {
    const answer = typeof acknowledge === 'function' ? (acknowledge as (reply: unknown) => void) : () => {};
    try {
      const { federation } = parseMessage(watchSchema, message, 'watch');
      if (!federations.find(federation)) {
        throw new ProtocolError('unknown-federation', `There is no federation "${federation}" here.`);
      }
      watched = federation;
      answer({ ok: true, value: {} });
      start();
    } catch (error) {
      const refusal = error instanceof ProtocolError ? error : new ProtocolError('internal', 'The coordinator failed.');
      answer({ ok: false, error: refusal.toBody() });
    }
  });
  socket.on('disconnect', () => {
    cancel();
    unsubscribe();
  });
}
