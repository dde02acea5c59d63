// A part of the swarm, in a process of its own: it joins so many clients, and submits when it is told to.
import { encodeMask, encodeValues, maskHash, sha256Hex } from '@perfit/protocol';
import { Drawer } from './drawn-submission.ts';
import { LoadClient } from './load-client.ts';
import type { FromSwarm, SwarmPart, ToSwarm } from './processes.ts';

/** Handshakes of this process that are under way at a time. */
const JOINING = 16;

const { url, size, ranges, submitting } = JSON.parse(process.argv[2] ?? '{}') as SwarmPart;
const drawer = new Drawer(size);
const clients = new Map<number, LoadClient>();
let closedRound = 0;

function tell(message: FromSwarm): void {
  process.send?.(message);
}

/** Milliseconds of a clock that all processes share. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

function onClosed({ round, outcome }: { round: number; outcome: string }): void {
  if (round === closedRound) return;
  closedRound = round;
  tell({ type: 'closed', round, outcome, at: now() });
}

async function join(): Promise<void> {
  const left = ranges.flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i)).reverse();
  const lane = async () => {
    for (let index = left.pop(); index !== undefined; index = left.pop()) {
      clients.set(index, await LoadClient.join(url, `client ${index}`, onClosed));
    }
  };
  await Promise.all(Array.from({ length: JOINING }, lane));
}

async function submit(round: number): Promise<FromSwarm> {
  let acknowledged = 0;
  let lastReceiptAt = 0;
  const submitters = [...clients].filter(([index]) => index < submitting);
  await Promise.all(
    submitters.map(async ([index, client]) => {
      client.postponed = 0;
      const { layout } = client.welcome.federation;
      const { attempt } = await client.offered(round);
      if (round === 1) {
        const bytes = await encodeMask(drawer.mask(index), layout.hash);
        const sha256 = await sha256Hex(bytes);
        await client.upload({ kind: 'mask', round, bytes: bytes.length, sha256 }, () => bytes);
      }
      const announce = await announcement(index, round, attempt, layout.hash);
      await client.upload(announce.message, announce.bytes);
      acknowledged++;
      lastReceiptAt = now();
    }),
  );
  const postponed = submitters.reduce((sum, [, client]) => sum + client.postponed, 0);
  return { type: 'submitted', round, acknowledged, postponed, lastReceiptAt };
}

/** Everybody who has a mask fetches its slice, all at a time: a round starts so. */
async function download(version: number): Promise<FromSwarm> {
  const owners = [...clients].filter(([index]) => index < submitting);
  const sizes = await Promise.all(owners.map(([, client]) => client.download(version)));
  return { type: 'downloaded', version, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** [UP4] What the coordinator has counted it answers with its receipt, also when the round is over. */
async function countLost(round: number): Promise<FromSwarm> {
  let lost = 0;
  for (const [index, client] of clients) {
    if (index >= submitting) continue;
    const { message } = await announcement(index, round, 1, client.welcome.federation.layout.hash);
    const receipt = await client.upload(message, () => new Uint8Array(message.bytes)).catch(() => null);
    if (receipt?.sha256 !== message.sha256) lost++;
  }
  return { type: 'counted', round, lost };
}

/** The bytes are made again when they are sent: hundreds of clients in one process would hold them all. */
async function announcement(index: number, round: number, attempt: number, layoutHash: string) {
  const { mask, examples } = drawer.draw(index, round);
  const owner = { layoutHash, maskHash: await maskHash(mask) };
  const bytes = () => encodeValues(drawer.draw(index, round).values, 'f32', owner);
  const content = bytes();
  const report = { examples, steps: 1, seconds: 1 };
  return {
    message: {
      kind: 'delta' as const,
      round,
      attempt,
      bytes: content.length,
      sha256: await sha256Hex(content),
      report,
    },
    bytes,
  };
}

async function obey(order: ToSwarm): Promise<void> {
  switch (order.type) {
    case 'submit':
      return tell(await submit(order.round));
    case 'download':
      return tell(await download(order.version));
    case 'count-lost':
      return tell(await countLost(order.round));
    case 'end':
      for (const client of clients.values()) client.close();
      process.disconnect();
  }
}

function failed(error: unknown): void {
  tell({ type: 'failed', reason: error instanceof Error ? error.message : String(error) });
}

process.on('message', (order: ToSwarm) => {
  obey(order).catch(failed);
});
join().then(() => tell({ type: 'joined', count: clients.size }), failed);
