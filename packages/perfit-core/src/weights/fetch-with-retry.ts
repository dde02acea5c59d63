import { PART_BYTES } from './manifest.ts';
import { WeightsError } from './weights-error.ts';

export interface RetryOptions {
  readonly fetch?: typeof globalThis.fetch;
  /** Ends requests and pauses; its reason is thrown. */
  readonly signal?: AbortSignal;
  /** Five where absent; one where whoever asks has something else to do. */
  readonly attempts?: number;
  /** Waits between two attempts. @param milliseconds as long as the server asked for, or longer each time */
  readonly pause?: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;
  /** After so many milliseconds without a byte a request is taken for dead and sent again; half a minute where absent. */
  readonly silence?: number;
  /** Told of every request as it is sent, and again with what came of it. */
  readonly observe?: (exchange: ObservedGet) => void;
}

export interface ObservedGet {
  readonly url: string;
  /** As they were asked for; the browser adds its own. */
  readonly headers: Readonly<Record<string, string>>;
  /** Null while there is none. The bytes are whoever asked's: to be read at once, and left as they are. */
  readonly answer: Answer | null;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

interface PatientRequest {
  readonly headers?: Readonly<Record<string, string>>;
  /** An answer that says it is longer is refused before it is read. */
  readonly largest?: number;
}

/** Reads the whole answer, also of a refusal. @throws WeightsError `weights-unreachable`, `weights-unreadable` */
export type PatientGet = (url: string, request?: PatientRequest) => Promise<Answer>;

const ATTEMPTS = 5;
const FIRST_PAUSE = 500;
/** Who is asked to wait longer is told so instead. */
const LONGEST_PAUSE = 60_000;
const LONGEST_SILENCE = 30_000;
const TRANSIENT = new Set([408, 429, 500, 502, 503, 504]);

/** GET that asks again where the connection drops or the server is busy: five times, with longer pauses between. */
export function fetchWithRetry(options: RetryOptions): PatientGet {
  const { signal, attempts = ATTEMPTS, pause = wait, silence = LONGEST_SILENCE, observe } = options;
  const request = options.fetch ?? ((...args: Parameters<typeof fetch>) => globalThis.fetch(...args));

  async function attempt(url: string, { headers = {}, largest = Number.POSITIVE_INFINITY }: PatientRequest) {
    observe?.({ url, headers, answer: null });
    // What comes is kept by whoever asked: twice would be once too often, and Chromium makes one range of an address wait
    // for another where its own cache is to hold them.
    const watch = silenceWatch(silence, signal);
    try {
      const response = await watch.of(
        request(url, { headers: { ...headers }, signal: watch.signal, cache: 'no-store' }),
      );
      const { status, headers: answered } = response;
      if (Number(answered.get('content-length') ?? 0) > largest && response.ok) {
        await response.body?.cancel();
        throw new WeightsError('weights-unreadable', `${url} answers with more than was asked for: it has no ranges`);
      }
      const answer = { status, headers: answered, bytes: await watch.of(bodyOf(response, watch.heard)) };
      observe?.({ url, headers, answer });
      return answer;
    } finally {
      watch.end();
    }
  }

  return async (url, asked = {}) => {
    // What is asked of an address makes it longer than anybody reads.
    const [address] = url.split('?');
    for (let tried = 1; ; tried++) {
      let failure: string;
      let delay = FIRST_PAUSE * 2 ** (tried - 1);
      let cause: unknown;
      try {
        const answer = await attempt(url, asked);
        if (!TRANSIENT.has(answer.status)) return answer;
        failure = `${address} answered ${answer.status}`;
        delay = retryAfter(answer.headers) ?? delay;
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof WeightsError) throw error;
        failure = `${address} could not be fetched: ${reasonOf(error)}`;
        cause = error;
      }
      if (tried >= attempts) throw new WeightsError('weights-unreachable', failure, { cause });
      if (delay > LONGEST_PAUSE) {
        const seconds = Math.round(delay / 1000);
        throw new WeightsError('weights-unreachable', `${failure} and asks to come back in ${seconds} seconds`, {
          cause,
        });
      }
      await pause(delay, signal);
      signal?.throwIfAborted();
    }
  };
}

/**
 * Ends a request of which nothing is heard any more: a connection that died without a word would be waited for as long as
 * the page lives. It does not rely on the request to end by its signal, which one that hangs may not.
 */
function silenceWatch(milliseconds: number, signal: AbortSignal | undefined) {
  const dead = new AbortController();
  let timer: ReturnType<typeof setTimeout>;
  const silent = new Promise<never>((_, reject) => {
    dead.signal.addEventListener('abort', () => reject(dead.signal.reason));
  });
  silent.catch(() => {});
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      dead.abort(new TypeError(`nothing came for ${Math.round(milliseconds / 1000)} seconds`));
    }, milliseconds);
  };
  heard();
  return {
    signal: signal ? AbortSignal.any([signal, dead.signal]) : dead.signal,
    heard,
    of: <T>(work: Promise<T>): Promise<T> => Promise.race([work, silent]),
    end: () => clearTimeout(timer),
  };
}

/**
 * The body, read as it comes into memory of its own: `arrayBuffer()` leaves a second copy behind, which Chromium
 * frees some hundred megabytes later.
 */
async function bodyOf(response: Response, heard: () => void): Promise<Uint8Array<ArrayBuffer>> {
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  if (!response.body) return new Uint8Array(await response.arrayBuffer());
  if (!Number.isSafeInteger(length) || response.headers.has('content-encoding')) {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for await (const chunk of response.body) {
      heard();
      chunks.push(chunk);
    }
    return new Uint8Array(await new Blob(chunks).arrayBuffer());
  }
  const bytes = new Uint8Array(length);
  let filled = 0;
  for await (const chunk of response.body) {
    heard();
    if (filled + chunk.length > length) throw new TypeError('the answer is longer than it says');
    bytes.set(chunk, filled);
    filled += chunk.length;
  }
  if (filled < length) throw new TypeError('the answer ended before its end');
  return bytes;
}

/**
 * Bytes [start, end) of a file at an address.
 * @returns null where the answer is a refusal, which `refused` turns into an error
 * @throws WeightsError `weights-truncated`
 */
export async function getRange(
  get: PatientGet,
  url: string,
  part: { readonly name: string; readonly start: number; readonly end: number },
  refused: (answer: Answer) => Error,
): Promise<Uint8Array> {
  const { name, start, end } = part;
  if (start === end) return new Uint8Array(0);
  const answer = await get(url, {
    headers: { range: `bytes=${start}-${end - 1}` },
    largest: Math.max(end - start, PART_BYTES),
  });
  const short = () => new WeightsError('weights-truncated', `${name} ends before byte ${end}`);
  if (answer.status === 416) throw short();
  if (answer.status !== 206 && answer.status !== 200) throw refused(answer);
  const bytes = answer.status === 206 ? answer.bytes : answer.bytes.subarray(start, end);
  if (bytes.length !== end - start) throw short();
  return bytes;
}

/** In milliseconds, from seconds or a date; null where there is none that makes sense. */
function retryAfter(headers: Headers): number | null {
  const value = headers.get('retry-after');
  if (value === null) return null;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds * 1000) : null;
}

/** Node says only "fetch failed" and hides why. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener('abort', done);
  });
}
