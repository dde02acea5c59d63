import type { Server as HttpServer, IncomingMessage } from 'node:http';
import { MAX_CHUNK_BYTES } from '@perfit/protocol';
import { Server } from 'socket.io';
import type { Origins } from '../http/origins.ts';
import type { Meters } from '../metrics/meters.ts';

export interface SocketServerOptions {
  readonly origins: Origins;
  readonly connectionsPerAddress: number;
  readonly meters: Meters;
  addressOf(request: IncomingMessage): string;
}

/** A chunk and what Socket.IO puts around it. */
const LARGEST_FRAME = MAX_CHUNK_BYTES + 16 * 1024;

/**
 * WebSocket only, from known origins, and so many from one address. Connections are not recovered by Socket.IO:
 * whoever comes back shakes hands again (HS3).
 */
export function createSocketServer(http: HttpServer, options: SocketServerOptions): Server {
  const { connections, connectionsRefused, disconnections } = options.meters;
  const io = new Server(http, {
    transports: ['websocket'],
    serveClient: false,
    maxHttpBufferSize: LARGEST_FRAME,
    allowRequest: (request, decide) => {
      const { origin, host } = request.headers;
      if (!options.origins.allows(origin, host)) {
        connectionsRefused.inc({ reason: 'origin' });
        return decide('This origin may not connect.', false);
      }
      if (connectionsFrom(options.addressOf(request)) >= options.connectionsPerAddress) {
        connectionsRefused.inc({ reason: 'too-many' });
        return decide('Too many connections from this address.', false);
      }
      decide(null, true);
    },
  });
  const counts = new Map<string, number>();
  const connectionsFrom = (address: string) => counts.get(address) ?? 0;
  io.engine.on(
    'connection',
    (engineSocket: { request: IncomingMessage; once(event: 'close', run: () => void): void }) => {
      const address = options.addressOf(engineSocket.request);
      counts.set(address, connectionsFrom(address) + 1);
      engineSocket.once('close', () => {
        const left = connectionsFrom(address) - 1;
        if (left > 0) counts.set(address, left);
        else counts.delete(address);
      });
    },
  );
  for (const namespace of ['/', '/operator']) {
    io.of(namespace).on('connection', (socket) => {
      connections.inc({ namespace });
      socket.once('disconnect', (reason) => disconnections.inc({ namespace, reason }));
    });
  }
  return io;
}
