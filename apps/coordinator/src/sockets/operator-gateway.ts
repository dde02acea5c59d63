import { ProtocolError, parseMessage, watchSchema } from '@perfit/protocol';
import type { Logger } from 'pino';
import type { Namespace, Socket } from 'socket.io';
import type { ApiKeys } from '../access/api-keys.ts';
import type { Principal } from '../access/principal.ts';
import type { Sessions } from '../access/sessions.ts';
import type { Clock } from '../clock.ts';
import type { Federations } from '../federations/federations.ts';
import type { Views } from '../federations/views.ts';
import { principalOf } from '../http/authentication.ts';
import type { Origins } from '../http/origins.ts';

export interface OperatorGatewayParts {
  readonly sessions: Sessions;
  readonly keys: ApiKeys;
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
  const principals = new WeakMap<Socket, Principal>();
  namespace.use((socket, next) => {
    principalOf(socket.handshake.headers, parts).then(
      (principal) => {
        if (!principal || !isOwnPage(principal, socket, parts.origins)) {
          return next(new ProtocolError('login-required', 'Please sign in as an operator first.'));
        }
        principals.set(socket, principal);
        next();
      },
      () => next(new ProtocolError('internal', 'The session could not be checked.')),
    );
  });
  namespace.on('connection', (socket) => {
    const principal = principals.get(socket);
    if (principal) attach(socket, principal, parts);
    else socket.disconnect(true);
  });
}

/** Every browser names the origin of whoever opens a WebSocket; a cookie without one is somebody's loot. */
function isOwnPage({ kind }: Principal, { handshake }: Socket, origins: Origins): boolean {
  const { origin, host } = handshake.headers;
  return kind === 'key' || (origin !== undefined && origins.allowsOwn(origin, host));
}

function attach(socket: Socket, principal: Principal, parts: OperatorGatewayParts): void {
  const { sessions, federations, views, clock, logger } = parts;
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
    // A session may have expired since, a key may have been revoked.
    const still = await principalOf(socket.handshake.headers, parts);
    if (!still) return void socket.disconnect(true);
    const detail = await views.detail(room, still.role);
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

  const forget = sessions.onEnd((ended) => {
    if (principal.kind === 'operator' && ended.includes(principal.id)) socket.disconnect(true);
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
    forget();
  });
}
