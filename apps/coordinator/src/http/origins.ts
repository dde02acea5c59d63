import { isIP } from 'node:net';

/**
 * Which pages may talk to this coordinator: those that it serves itself, and those of the origins that it was told of.
 * A page served under a domain name must be listed: any domain can be pointed at any address (DNS rebinding).
 */
export class Origins {
  private readonly listed: ReadonlySet<string>;

  constructor(listed: readonly string[]) {
    this.listed = new Set(listed.map((origin) => new URL(origin).origin));
  }

  /** @param origin the Origin header; without one it is no browser's request from another page */
  allows(origin: string | undefined, host: string | undefined): boolean {
    return origin === undefined || this.isListed(origin) || isOwn(origin, host);
  }

  /** A page that this coordinator serves itself: what an operator's session is good for. */
  allowsOwn(origin: string | undefined, host: string | undefined): boolean {
    return origin === undefined || isOwn(origin, host) || (this.isListed(origin) && new URL(origin).host === host);
  }

  isListed(origin: string | undefined): boolean {
    return origin !== undefined && this.listed.has(origin);
  }
}

function isOwn(origin: string, host: string | undefined): boolean {
  const url = URL.canParse(origin) ? new URL(origin) : null;
  if (!url || url.host !== host || !/^https?:$/.test(url.protocol)) return false;
  const name = url.hostname.replace(/^\[|\]$/g, '');
  return name === 'localhost' || name.endsWith('.localhost') || isIP(name) !== 0;
}
