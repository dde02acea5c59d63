/** What `playSocket` gives to a test. */
interface PlayedSocket {
  /** What the page has sent into the namespace, as JSON. */
  readonly sent: readonly unknown[];
  /** Says an event in the namespace. */
  tell(event: string, message: unknown): void;
}

interface Line {
  readonly namespace: string;
  readonly sent: unknown[];
  speak: (text: string) => void;
}

let line: Line | null = null;

/** Plays the coordinator's end of one Socket.IO namespace in this test; without it nobody is there. */
export function playSocket(namespace: string): PlayedSocket {
  const mine: Line = { namespace, sent: [], speak: () => {} };
  line = mine;
  return {
    sent: mine.sent,
    tell: (event, message) => mine.speak(`42${namespace},${JSON.stringify([event, message])}`),
  };
}

/** A WebSocket at whose other end Socket.IO is spoken. */
class OtherEnd {
  onopen: () => void = () => {};
  onmessage: (event: { readonly data: string }) => void = () => {};
  onclose: (event: object) => void = () => {};
  onerror: (event: object) => void = () => {};
  readonly #line = line;

  constructor() {
    queueMicrotask(() => {
      if (!this.#line) return this.onerror({});
      this.#line.speak = (data) => this.onmessage({ data });
      this.onopen();
      this.#line.speak('0{"sid":"a","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}');
    });
  }

  send(text: string): void {
    const at = this.#line?.namespace ?? '';
    if (text.startsWith(`40${at}`)) queueMicrotask(() => this.#line?.speak(`40${at},{"sid":"b"}`));
    else if (text.startsWith(`42${at},`)) this.#line?.sent.push(JSON.parse(text.slice(`42${at},`.length)));
  }

  close(): void {}
}

const WebSocketReally = globalThis.WebSocket;

/** The page's library looks for it once, when it is loaded. */
function Connected(address: string | URL, protocols?: string | string[]): WebSocket {
  const isPlayed = String(address).includes('/socket.io/');
  return isPlayed ? (new OtherEnd() as unknown as WebSocket) : new WebSocketReally(address, protocols);
}

globalThis.WebSocket = Object.assign(Connected, WebSocketReally) as unknown as typeof WebSocket;

export function forgetSocket(): void {
  line = null;
}
