import type { LedgerEntry as WireMessage } from '@perfit/federation';

/** A message as a connection tells of it. */
export function wireMessage(
  of: Pick<WireMessage, 'direction' | 'kind' | 'message'> & { exchange?: number; data?: Uint8Array; at?: number },
): WireMessage {
  const { direction, kind, message, exchange = null, data = new Uint8Array(), at = 1 } = of;
  const json = new TextEncoder().encode(JSON.stringify(message, (key, value) => (key === 'data' ? undefined : value)));
  const content = new Uint8Array([...json, ...data]);
  return { direction, kind, message, exchange, at, content, jsonLength: json.length };
}

/** The messages of one upload, in two pieces, all of it answered. */
export function uploadMessages(
  announce: { kind: 'mask' | 'delta'; round: number; sha256: string },
  bytes: Uint8Array,
  from = 0,
): WireMessage[] {
  const middle = Math.floor((from + bytes.length) / 2);
  const report = { examples: 9, steps: 3, seconds: 1 };
  const announced = { ...announce, bytes: bytes.length, ...(announce.kind === 'delta' ? { attempt: 1, report } : {}) };
  const receipt = { ...announce, bytes: bytes.length };
  const upload = `the upload of ${announce.kind} ${announce.round}`;
  let exchange = 100 * announce.round;
  const ask = (kind: string, message: object, value: object): WireMessage[] => {
    exchange++;
    const data = 'data' in message ? { data: message.data as Uint8Array } : {};
    return [
      wireMessage({ direction: 'up', kind, message, exchange, ...data }),
      wireMessage({ direction: 'down', kind, message: { ok: true, value }, exchange }),
    ];
  };
  const chunk = (start: number, end: number) =>
    ask('chunk', { upload, offset: start, data: bytes.slice(start, end) }, { offset: end });
  return [
    ...ask('announce', announced, { state: 'send', upload, offset: from }),
    ...chunk(from, middle),
    ...chunk(middle, bytes.length),
    ...ask('complete', { upload }, receipt),
  ];
}
