import { ClientSession, type UploadSlots } from '@perfit/federation/coordinator';
import { notices, ProtocolError, type RequestName, requests } from '@perfit/protocol';
import type { Logger } from 'pino';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import type { Namespace, Socket } from 'socket.io';
import type { Clock } from '../clock.ts';
import { storageProblem } from '../data-directory/storage-problem.ts';
import type { Federations } from '../federations/federations.ts';
import type { Meters } from '../metrics/meters.ts';

export interface GatewayParts {
  readonly federations: Federations;
  readonly slots: UploadSlots;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meters: Meters;
  /** Messages a second that one socket may send. */
  readonly messagesPerSecond: number;
}

/** Whoever connects and does not join is sent away after this. */
const JOIN_WITHIN_MS = 30_000;
/** A socket that does not heed so many refusals in a row is closed. */
const PATIENCE = 1_000;

/** Gives each socket its session and passes messages between them, limited in their rate. */
export function attachClients(namespace: Namespace, parts: GatewayParts): void {
  const limiter = new RateLimiterMemory({ points: parts.messagesPerSecond, duration: 1 });
  namespace.on('connection', (socket) => attach(socket, limiter, parts));
}

function attach(socket: Socket, limiter: RateLimiterMemory, { clock, meters, ...parts }: GatewayParts): void {
  const logger = parts.logger.child({ connection: socket.id });
  const session = new ClientSession({
    storageProblem,
    ...parts,
    logger,
    line: { send: (name, message) => socket.emit(name, message), close: () => socket.disconnect(true) },
  });
  const cancel = clock.after(JOIN_WITHIN_MS, () => {
    if (session.hasJoined) return;
    logger.debug('who connected has not joined: the connection is closed');
    socket.disconnect(true);
  });
  const guard = new MessageGuard(socket, limiter);

  for (const name of Object.keys(requests) as RequestName[]) {
    socket.on(name, (...received: unknown[]) => {
      const acknowledge = received.at(-1);
      // Without one there is nobody to answer.
      if (typeof acknowledge !== 'function') return;
      void respond(name, received.length > 1 ? received[0] : undefined, acknowledge as (reply: unknown) => void);
    });
  }
  for (const name of Object.keys(notices)) {
    socket.on(name, (message: unknown) => {
      void guard.refusal().then((refusal) => {
        if (!refusal) session.notice(message);
      });
    });
  }
  socket.on('disconnect', (reason) => {
    logger.debug({ reason }, 'a connection has ended');
    cancel();
    session.end().catch((error: unknown) => logger.error({ err: error }, 'a client could not be taken leave of'));
  });

  async function respond(name: RequestName, message: unknown, acknowledge: (reply: unknown) => void): Promise<void> {
    const refusal = await guard.refusal();
    if (refusal) {
      meters.requestsRefused.inc({ request: name, code: refusal.code });
      return acknowledge({ ok: false, error: refusal.toBody() });
    }
    const answered = meters.requests.startTimer({ request: name });
    const { reply, afterwards } = await session.handle(name, message);
    answered();
    if (!reply.ok) meters.requestsRefused.inc({ request: name, code: reply.error.code });
    acknowledge(reply);
    await afterwards?.().catch((error: unknown) => {
      logger.error({ request: name, err: error }, 'a request was half done');
      // The client believes that it is done: it must come again, or it would wait for an offer that never comes.
      socket.disconnect(true);
    });
  }
}

class MessageGuard {
  private readonly socket: Socket;
  private readonly limiter: RateLimiterMemory;
  private refusals = 0;

  constructor(socket: Socket, limiter: RateLimiterMemory) {
    this.socket = socket;
    this.limiter = limiter;
  }

  async refusal(): Promise<ProtocolError | null> {
    try {
      await this.limiter.consume(this.socket.id);
      this.refusals = 0;
      return null;
    } catch (limited) {
      this.refusals++;
      if (this.refusals > PATIENCE) this.socket.disconnect(true);
      const retryAfterMs = (limited as RateLimiterRes).msBeforeNext ?? 1_000;
      return new ProtocolError('rate-limited', 'Too many messages at once; slow down.', { retryAfterMs });
    }
  }
}
