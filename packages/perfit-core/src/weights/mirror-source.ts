import { type Answer, fetchWithRetry, getRange, type RetryOptions } from './fetch-with-retry.ts';
import { listedSource } from './listed-files.ts';
import type { ListedSource } from './manifest.ts';
import { once } from './once.ts';
import { parseManifest } from './parse-manifest.ts';
import { refusalSentence } from './refusal-sentence.ts';
import { WeightsError, type WeightsErrorCode } from './weights-error.ts';

/**
 * A model of a coordinator's mirror. Files are read by their hash, so that whatever comes is what the manifest names,
 * also where the folder changes meanwhile.
 * @param baseUrl the model's address, `…/models/<id>`
 */
export function mirrorSource(baseUrl: string, options: RetryOptions = {}): ListedSource {
  const base = baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`;
  const get = fetchWithRetry(options);

  const manifest = once(async () => {
    const answer = await get(`${base}manifest`);
    if (answer.status !== 200) throw refusal(answer, base, 'weights-unreadable');
    return parseManifest(new TextDecoder().decode(answer.bytes), base);
  });

  return listedSource({
    describe: () => base,
    manifest,
    read({ name, sha256 }, start, end) {
      const url = `${base}${name}${sha256 === null ? '' : `?sha256=${sha256}`}`;
      return getRange(get, url, { name, start, end }, (answer) => refusal(answer, `${base}${name}`, 'weights-changed'));
    },
  });
}

/** @param conflict what a folder that is not as it was asked for means here */
function refusal({ status, bytes }: Answer, where: string, conflict: WeightsErrorCode): WeightsError {
  const said = refusalSentence(new TextDecoder().decode(bytes));
  const message = said === null ? `${where} answered ${status}` : `${where}: ${said}`;
  if (status === 404) return new WeightsError('weights-missing-file', message);
  return new WeightsError(status === 409 ? conflict : 'weights-unreadable', message);
}
