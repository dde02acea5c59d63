import { refusalSentence } from './refusal-sentence.ts';
import type { WeightFiles } from './tensor-values.ts';
import { WeightsError } from './weights-error.ts';

/** A folder of a model, wherever it lies: files by name, read whole or by byte ranges. */
export interface ModelSource {
  /** For people: where this is. */
  describe(): string;
  has(name: string): Promise<boolean>;
  /** @throws WeightsError `weights-missing-file` */
  text(name: string): Promise<string>;
  /** Bytes. @throws WeightsError `weights-missing-file` */
  size(name: string): Promise<number>;
  /**
   * Bytes [start, end).
   * @param into end − start bytes that may be written and returned: who reads gigabytes leaves less garbage with them
   * @throws WeightsError `weights-missing-file`, or `weights-truncated` where the file ends before `end`
   */
  range(name: string, start: number, end: number, into?: Uint8Array): Promise<Uint8Array>;
  /** Where the tensors lie, of a source that has no safetensors files. @throws WeightsError */
  weights?(): Promise<WeightFiles>;
}

export interface HttpSourceOptions {
  readonly fetch?: typeof globalThis.fetch;
  readonly signal?: AbortSignal;
}

/**
 * A folder on a web server that answers range requests. A server that answers 200 with the whole file is read once
 * a file and its answer kept, so that a plain static server works too.
 */
export function httpSource(baseUrl: string, options: HttpSourceOptions = {}): ModelSource {
  const base = baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`;
  const request = options.fetch ?? ((...args: Parameters<typeof fetch>) => globalThis.fetch(...args));
  const whole = new Map<string, Uint8Array>();
  const sizes = new Map<string, number>();

  async function get(name: string, init: RequestInit): Promise<Response> {
    const signal = options.signal ?? null;
    try {
      return await request(base + name, { ...init, signal });
    } catch (cause) {
      signal?.throwIfAborted();
      throw new WeightsError('weights-unreadable', `${base}${name} could not be fetched: ${String(cause)}`, { cause });
    }
  }
  /** An answer with what was asked for. */
  async function asked(name: string, init: RequestInit): Promise<Response> {
    const response = await get(name, init);
    if (response.ok || response.status === 416) return response;
    if (response.status === 404) throw new WeightsError('weights-missing-file', `${base} has no file ${name}`);
    const said = refusalSentence(await response.text().catch(() => ''));
    throw new WeightsError(
      'weights-unreadable',
      `${base}${name}${said ? `: ${said}` : ` answered ${response.status}`}`,
    );
  }

  return {
    describe: () => base,
    async has(name) {
      if (whole.has(name) || sizes.has(name)) return true;
      const response = await get(name, { method: 'HEAD' });
      return response.ok;
    },
    async text(name) {
      return await (await asked(name, {})).text();
    },
    async size(name) {
      const known = whole.get(name)?.length ?? sizes.get(name);
      if (known !== undefined) return known;
      const response = await asked(name, { method: 'HEAD' });
      const length = Number(response.headers.get('content-length') ?? Number.NaN);
      const encoded = response.headers.get('content-encoding');
      if (!Number.isSafeInteger(length) || (encoded && encoded !== 'identity')) {
        const bytes = await bytesOf(await asked(name, {}));
        whole.set(name, bytes);
        return bytes.length;
      }
      sizes.set(name, length);
      return length;
    },
    async range(name, start, end) {
      const kept = whole.get(name);
      if (kept) return part(kept, { name, start, end });
      if (start === end) return new Uint8Array(0);
      const response = await asked(name, { headers: { range: `bytes=${start}-${end - 1}` } });
      if (response.status === 416) throw truncated({ name, start, end });
      const bytes = await bytesOf(response);
      if (response.status === 206) return part(bytes, { name, start: 0, end: end - start });
      whole.set(name, bytes);
      return part(bytes, { name, start, end });
    },
  };
}

/** Files that a person chose (an `<input type="file">`, a drop). */
export function fileSource(files: readonly File[]): ModelSource {
  const byName = new Map(files.map((file) => [file.name, file]));
  const file = (name: string): File => {
    const found = byName.get(name);
    if (!found) throw new WeightsError('weights-missing-file', `the chosen files have no ${name}`);
    return found;
  };
  return {
    describe: () => `${files.length} chosen files`,
    has: async (name) => byName.has(name),
    text: async (name) => await file(name).text(),
    size: async (name) => file(name).size,
    async range(name, start, end) {
      const blob = file(name);
      if (end > blob.size) throw truncated({ name, start, end });
      return new Uint8Array(await blob.slice(start, end).arrayBuffer());
    },
  };
}

interface FilePart {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

function part(bytes: Uint8Array, { name, start, end }: FilePart): Uint8Array {
  if (end > bytes.length) throw truncated({ name, start, end });
  return bytes.subarray(start, end);
}

function truncated({ name, start, end }: FilePart): WeightsError {
  return new WeightsError('weights-truncated', `${name} ends before byte ${end} (wanted bytes ${start} to ${end})`);
}

async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}
