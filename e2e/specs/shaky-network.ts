import { connect, createServer, type Server, type Socket } from 'node:net';

/** A wire between tabs and their coordinator that a test can cut: what is open breaks, what comes is refused. */
export class ShakyNetwork {
  /** Connections that found nobody since the last cut: of a tab that tries again by itself. */
  refused = 0;
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #isCut = false;

  private constructor(target: { port: number }) {
    this.#server = createServer((socket) => this.#connect(socket, target.port));
  }

  /** @param target of 127.0.0.1 */
  static async open(target: { port: number }): Promise<ShakyNetwork> {
    const network = new ShakyNetwork(target);
    await new Promise<void>((resolve) => network.#server.listen(0, '127.0.0.1', resolve));
    return network;
  }

  /** The same address, by way of this wire. */
  through(address: string): string {
    const url = new URL(address);
    const own = this.#server.address();
    if (!own || typeof own !== 'object') throw new Error('the wire is closed');
    url.port = String(own.port);
    return url.href;
  }

  cut(): void {
    this.#isCut = true;
    this.refused = 0;
    for (const socket of this.#open) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #connect(socket: Socket, port: number): void {
    // Whoever hangs up in the middle is what this is for.
    socket.on('error', () => {});
    if (this.#isCut) {
      this.refused++;
      socket.destroy();
      return;
    }
    const further = connect(port, '127.0.0.1');
    further.on('error', () => {
      this.refused++;
    });
    for (const [one, other] of [
      [socket, further],
      [further, socket],
    ] as const) {
      this.#open.add(one);
      one.pipe(other);
      one.on('close', () => {
        this.#open.delete(one);
        other.destroy();
      });
    }
  }
}
