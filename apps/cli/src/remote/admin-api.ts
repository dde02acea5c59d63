import { AdminClient } from '@perfit/protocol/admin';
import { Command } from 'commander';

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

/**
 * The coordinator's API, for whom the flags or the environment name.
 * @throws RemoteError, as every call of the client does
 */
export async function openAdmin(flags: RemoteFlags): Promise<AdminClient> {
  const url = flags.url ?? process.env.PERFIT_URL;
  if (!url || !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new RemoteError('usage', 'Say which coordinator: --url http://… or PERFIT_URL.', 'usage');
  }
  const options = { url, fetch: fetchOrUnreachable, toError: refused };
  const key = flags.apiKey ?? process.env.PERFIT_API_KEY;
  if (flags.user === undefined) {
    if (!key) throw new RemoteError('usage', 'Say who asks: PERFIT_API_KEY, or --user and PERFIT_PASSWORD.', 'usage');
    return new AdminClient({ ...options, apiKey: key });
  }
  const password = process.env.PERFIT_PASSWORD;
  if (!password) throw new RemoteError('usage', `Put the password of "${flags.user}" into PERFIT_PASSWORD.`, 'usage');
  return AdminClient.signedIn(options, { name: flags.user, password });

  async function fetchOrUnreachable(address: URL, init: RequestInit): Promise<Response> {
    try {
      return await fetch(address, init);
    } catch (error) {
      const { cause } = error as { cause?: Error };
      const why = cause?.message || (error as Error).message;
      throw new RemoteError('unreachable', `No coordinator answers at ${url}: ${why}.`, 'unreachable');
    }
  }
}

function refused({ code, message }: { code: string; message: string }, status: number): RemoteError {
  return new RemoteError(code, message, status === 404 ? 'not-found' : status >= 502 ? 'unreachable' : 'refused');
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
