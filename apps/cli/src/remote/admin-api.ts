import { errorBodySchema } from '@perfit/protocol';
import { Command } from 'commander';
import type { z } from 'zod';

/** How a command against a coordinator ends, besides 0 and the 1 of what nobody foresaw. */
export const exitCodes = { usage: 2, refused: 3, 'not-found': 4, unreachable: 5 } as const;

/** A command against a coordinator that came to nothing. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';
  /** As the coordinator gave it, or `usage` | `unreachable`. */
  readonly code: string;
  readonly exitCode: number;

  constructor(code: string, message: string, ending: keyof typeof exitCodes) {
    super(message);
    this.code = code;
    this.exitCode = exitCodes[ending];
  }
}

export interface RemoteFlags {
  readonly url?: string;
  readonly apiKey?: string;
  readonly user?: string;
  readonly json: boolean;
}

/** The options that every command against a coordinator has. */
export function remoteCommand(name: string): Command {
  return new Command(name)
    .option('--url <url>', 'the coordinator (or PERFIT_URL)')
    .option('--api-key <key>', 'an API key of it (better: PERFIT_API_KEY, which no process list shows)')
    .option('--user <name>', 'sign in as this operator instead, with the password in PERFIT_PASSWORD')
    .option('--json', 'the answer as JSON', false)
    .addHelpText(
      'after',
      '\nExit codes: 0 done; 2 the command line is wrong; 3 refused; 4 there is no such thing; 5 no coordinator answers.',
    );
}

/** A coordinator's REST API, for a program. Every call ends with an answer that fits its schema, or a RemoteError. */
export class AdminApi {
  readonly url: string;
  private readonly headers: Readonly<Record<string, string>>;

  private constructor(url: string, headers: Record<string, string>) {
    this.url = url;
    this.headers = headers;
  }

  static async open(flags: RemoteFlags): Promise<AdminApi> {
    const url = flags.url ?? process.env.PERFIT_URL;
    if (!url || !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw new RemoteError('usage', 'Say which coordinator: --url http://… or PERFIT_URL.', 'usage');
    }
    const key = flags.apiKey ?? process.env.PERFIT_API_KEY;
    if (flags.user === undefined) {
      if (!key) throw new RemoteError('usage', 'Say who asks: PERFIT_API_KEY, or --user and PERFIT_PASSWORD.', 'usage');
      return new AdminApi(url, { authorization: `Bearer ${key}` });
    }
    const password = process.env.PERFIT_PASSWORD;
    if (!password) throw new RemoteError('usage', `Put the password of "${flags.user}" into PERFIT_PASSWORD.`, 'usage');
    const stranger = new AdminApi(url, { 'x-perfit-csrf': '1' });
    const answer = await stranger.ask('POST', '/api/admin/login', { name: flags.user, password });
    const cookie = answer.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
    return new AdminApi(url, { 'x-perfit-csrf': '1', cookie });
  }

  async json<T extends z.ZodType>(
    schema: T,
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: unknown,
  ): Promise<z.output<T>> {
    const answer = await this.ask(method, path, body);
    const parsed = schema.safeParse(await answer.json().catch(() => null));
    if (parsed.success) return parsed.data;
    throw new RemoteError(
      'bad-answer',
      `${this.url} answers ${path} as no coordinator of this version does.`,
      'refused',
    );
  }

  async bytes(path: string): Promise<ArrayBuffer> {
    return (await this.ask('GET', path)).arrayBuffer();
  }

  async text(path: string): Promise<string> {
    return (await this.ask('GET', path)).text();
  }

  private async ask(method: string, path: string, body?: unknown): Promise<Response> {
    let answer: Response;
    try {
      answer = await fetch(new URL(path, this.url), {
        method,
        // A key goes to the coordinator that was named, and to nobody that it points to.
        redirect: 'error',
        headers: { ...this.headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (error) {
      const { cause } = error as { cause?: Error };
      const why = cause?.message || (error as Error).message;
      throw new RemoteError('unreachable', `No coordinator answers at ${this.url}: ${why}.`, 'unreachable');
    }
    if (answer.ok) return answer;
    const refusal = errorBodySchema.safeParse(await answer.json().catch(() => null));
    const ending = answer.status === 404 ? 'not-found' : answer.status >= 502 ? 'unreachable' : 'refused';
    if (refusal.success) throw new RemoteError(refusal.data.code, refusal.data.message, ending);
    throw new RemoteError('bad-answer', `${this.url} answers ${path} with ${answer.status}.`, ending);
  }
}

export function federationAddress(id: string): string {
  return `/api/admin/federations/${encodeURIComponent(id)}`;
}

/** The answer as JSON where that is asked for, else in words. */
export function tell(flags: RemoteFlags, answer: unknown, words: string): void {
  process.stdout.write(flags.json ? `${JSON.stringify(answer)}\n` : `${words}\n`);
}

/** Columns under their names; what somebody else has named is shown without what moves a terminal's cursor. */
export function table(rows: readonly Record<string, string | number>[]): string {
  const [first] = rows;
  if (!first) return 'None.';
  const names = Object.keys(first);
  const cells = [names, ...rows.map((row) => names.map((name) => printable(String(row[name] ?? ''))))];
  const widths = names.map((_, i) => Math.max(...cells.map((line) => (line[i] ?? '').length)));
  return cells
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '\u{FFFD}');
}
