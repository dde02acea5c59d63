import { isIPv6 } from 'node:net';
import { LeastRecentlyUsed } from '@perfit/federation/coordinator';
import type { Clock } from '../clock.ts';

interface Failures {
  readonly count: number;
  readonly last: number;
  readonly closedUntil: number;
}

const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 15 * 60_000;
/** Failures that lie so far back are forgotten. */
const MEMORY_MS = 24 * 3_600_000;
/** Names and addresses that are remembered: somebody who tries many pushes out only what was tried longest ago. */
const REMEMBERED = 20_000;

/**
 * Slows guessing down: a name and an address may fail so often, then each failure closes them for twice as long as the
 * one before. A name that does not exist is counted as one that does.
 */
export class LoginThrottle {
  private readonly clock: Clock;
  private readonly free: number;
  private readonly failures = new LeastRecentlyUsed<Failures>(REMEMBERED);

  /** @param free failures before the first wait */
  constructor(clock: Clock, free: number) {
    this.clock = clock;
    this.free = free;
  }

  /** Counts an attempt before it is checked, so that many at once are no way around it. @returns milliseconds to wait */
  attempt(name: string, address: string): number {
    const keys = keysOf(name, address);
    const now = this.clock.now();
    const wait = Math.max(...keys.map((key) => (this.failures.get(key)?.closedUntil ?? 0) - now));
    if (wait > 0) return wait;
    for (const key of keys) {
      const known = this.failures.get(key);
      const count = known && now - known.last < MEMORY_MS ? known.count + 1 : 1;
      const closed = count < this.free ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (count - this.free));
      this.failures.set(key, { count, last: now, closedUntil: closed && now + closed }, 1);
    }
    return 0;
  }

  /** The attempt was right: the name's failures are forgotten, the address keeps what it failed at with other names. */
  succeeded(name: string, address: string): void {
    const [byName, byAddress] = keysOf(name, address);
    this.failures.delete(byName);
    const known = this.failures.get(byAddress);
    if (!known || known.count <= 1) this.failures.delete(byAddress);
    else this.failures.set(byAddress, { ...known, count: known.count - 1, closedUntil: 0 }, 1);
  }
}

function keysOf(name: string, address: string): [string, string] {
  return [`name ${name.normalize('NFKC')}`, `address ${networkOf(address)}`];
}

/** Whoever has one IPv6 address has 2⁶⁴ of them. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = '', tail = ''] = address.split('::');
  const [first, last] = [head, tail].map((part) => part.split(':').filter((group) => group !== '')) as [
    string[],
    string[],
  ];
  const zeros = address.includes('::') ? new Array<string>(Math.max(0, 8 - first.length - last.length)).fill('0') : [];
  return [...first, ...zeros, ...last].slice(0, 4).join(':');
}
