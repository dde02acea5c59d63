import { type Answer, fetchWithRetry, getRange, type RetryOptions } from './fetch-with-retry.ts';
import { listedSource } from './listed-files.ts';
import { type ListedSource, type ManifestFile, PART_BYTES } from './manifest.ts';
import { chooseModelFiles } from './model-files.ts';
import { once } from './once.ts';
import { shown } from './shown.ts';
import { WeightsError } from './weights-error.ts';

export const HUB_URL = 'https://huggingface.co';

export interface HubSourceOptions extends RetryOptions {
  /** `owner/name`, or of a GGUF file `owner/name:Q4_1`, as llama.cpp writes it. */
  readonly repository: string;
  /** A branch, a tag or a commit; the default branch where there is none. */
  readonly revision?: string;
  /** Sent to `hubUrl` and to nowhere else; kept in this source only. */
  readonly token?: string;
  readonly hubUrl?: string;
}

/** What everything is read at. */
export interface HubRevision {
  /** As the Hub calls it now, where it was renamed. */
  readonly repository: string;
  readonly commit: string;
  /** As the model's card says it; null where it does not. */
  readonly licence: string | null;
}

export interface HubSource extends ListedSource {
  /** @throws WeightsError */
  resolve(): Promise<HubRevision>;
}

/**
 * A repository of the Hugging Face Hub. Its revision is resolved to a commit first, and every file is read at that
 * commit; the manifest has sizes, and hashes of those files that the Hub keeps by their hash (LFS): the weights.
 */
export function hubSource(options: HubSourceOptions): HubSource {
  const { revision, token } = options;
  const [repository = '', quantization] = options.repository.split(/:(.*)/s);
  const hubUrl = (options.hubUrl ?? HUB_URL).replace(/\/+$/, '');
  const { origin } = new URL(hubUrl);
  const patient = fetchWithRetry(options);
  const where = `${repository} on ${new URL(hubUrl).host}`;
  const refusal = (answer: Answer, name: string | null) =>
    refusalOf(answer, { repository, revision, hubUrl, name, hasToken: token !== undefined });

  /** A redirect to another origin loses the header: that is fetch's own rule. */
  const get: typeof patient = (url, request = {}) => {
    const isHub = token !== undefined && new URL(url).origin === origin;
    return patient(url, { ...request, headers: { ...request.headers, ...(isHub ? bearer(token) : {}) } });
  };
  /** For the Hub's library, which knows no signal, no second try and no reason of a refusal. */
  const apiFetch: typeof fetch = async (input, init) => {
    const answer = await get(String(input), { headers: Object.fromEntries(new Headers(init?.headers)) });
    if (answer.status !== 200) throw refusal(answer, null);
    return new Response(answer.bytes, { headers: answer.headers });
  };

  const resolve = once(async (): Promise<HubRevision> => {
    const problem = repositoryProblem(options.repository);
    if (problem !== null) throw new WeightsError('weights-unknown-repository', problem);
    const { modelInfo } = await import('./hub-api.ts');
    const { name, sha, cardData } = await modelInfo({
      name: repository,
      additionalFields: ['sha', 'cardData'],
      hubUrl,
      fetch: apiFetch,
      ...(revision === undefined ? {} : { revision }),
    });
    if (typeof sha !== 'string' || !/^[0-9a-f]{40,64}$/.test(sha)) {
      throw new WeightsError('weights-unreadable', `The Hub names no commit for ${where}`);
    }
    return { repository: typeof name === 'string' ? name : repository, commit: sha, licence: licenceOf(cardData) };
  });

  const readAt = async (name: string, start: number, end: number) => {
    const { commit } = await resolve();
    const url = `${hubUrl}/${repository}/resolve/${commit}/${encodeURIComponent(name)}`;
    return await getRange(get, url, { name, start, end }, (answer) => refusal(answer, name));
  };

  const manifest = once(async () => {
    const { commit } = await resolve();
    const { listFiles } = await import('./hub-api.ts');
    const files = new Map<string, ManifestFile>();
    for await (const { type, path, size, lfs } of listFiles({
      repo: { type: 'model', name: repository },
      revision: commit,
      hubUrl,
      fetch: apiFetch,
    })) {
      if (type !== 'file' || typeof path !== 'string' || !Number.isSafeInteger(size)) continue;
      const sha256 = /^[0-9a-f]{64}$/.test(lfs?.oid ?? '') ? (lfs?.oid as string) : null;
      files.set(path, { name: path, bytes: size, sha256, parts: null });
    }
    const text = async (name: string) =>
      new TextDecoder().decode(await readAt(name, 0, (files.get(name) as ManifestFile).bytes));
    const names = new Set(files.keys());
    const chosen = await chooseModelFiles({ names, where, text, ...(quantization ? { quantization } : {}) });
    return {
      revision: commit,
      partBytes: PART_BYTES,
      files: chosen.map((name) => files.get(name) as ManifestFile),
    };
  });

  const source = listedSource({
    describe: () => where,
    manifest,
    read: ({ name }, start, end) => readAt(name, start, end),
  });
  return { ...source, resolve };
}

/** Why nothing can be called so, in a sentence, before anybody is asked. */
export function repositoryProblem(name: string): string | null {
  if (/^[\w.-]+(\/[\w.-]+)?(:[\w.-]+)?$/.test(name) && !name.includes('..')) return null;
  return `"${shown(name)}" is no repository's name: owner/name is, and owner/name:Q4_1 for one of its GGUF files`;
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

interface Asked {
  readonly repository: string;
  readonly revision: string | undefined;
  readonly hubUrl: string;
  /** Of the file; null where it was the repository's description. */
  readonly name: string | null;
  readonly hasToken: boolean;
}

/**
 * The Hub says why in a header. It hides from strangers whether a repository is private or none: 401 for both.
 * Source: Hugging Face huggingface_hub, `hf_raise_for_status`.
 */
function refusalOf({ status, headers }: Answer, { repository, revision, hubUrl, name, hasToken }: Asked): WeightsError {
  const code = headers.get('x-error-code');
  const page = `${hubUrl}/${repository}`;
  if (code === 'GatedRepo') {
    const what = hasToken
      ? `this token may not read it: ask for access at ${page}, or check the token's permissions`
      : `ask for access at ${page}, then give a token of yours that may read it`;
    return new WeightsError('weights-gated', `${repository} is gated: ${what}`);
  }
  if (code === 'RevisionNotFound') {
    return new WeightsError('weights-unknown-revision', `${repository} has no revision ${revision ?? 'main'}`);
  }
  if (code === 'EntryNotFound') {
    return new WeightsError('weights-missing-file', `${repository} on the Hub has no file ${name}`);
  }
  if (status === 401 && hasToken) {
    const message = `The Hub does not accept the token, or there is no repository ${repository}`;
    return new WeightsError('weights-token-refused', message);
  }
  if (code === 'RepoNotFound' || status === 401) {
    const hint = hasToken ? 'this token' : 'a token';
    const message = `There is no repository ${repository} at ${hubUrl}, or it is private and needs ${hint} that may read it`;
    return new WeightsError('weights-unknown-repository', message);
  }
  if (status === 403 && hasToken) {
    return new WeightsError('weights-token-refused', `The token may not read ${repository}: ${saidOf(headers)}`);
  }
  const what = name === null ? repository : `${name} of ${repository}`;
  return new WeightsError('weights-unreadable', `The Hub refuses ${what}: ${saidOf(headers, status)}`);
}

function saidOf(headers: Headers, status = 403): string {
  return headers.get('x-error-message') ?? `it answered ${status}`;
}

function licenceOf(cardData: unknown): string | null {
  if (typeof cardData !== 'object' || cardData === null) return null;
  const { license, license_name: name } = cardData as Record<string, unknown>;
  // `other` has its name beside it.
  for (const value of license === 'other' ? [name, license] : [license]) if (typeof value === 'string') return value;
  return null;
}
