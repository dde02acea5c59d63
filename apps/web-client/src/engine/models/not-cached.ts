import type { WeightsError } from '@perfit/core';
import type { Failure } from '../../contract/failure.ts';
import { formatBytes } from '../../shared/format/format-number.ts';
import { modelStorage } from './cached-models.ts';

/** Why a model is not kept, and what can be done about it. */
export async function notKept(name: string, refusal: WeightsError): Promise<{ error: Failure; retry: string }> {
  const { models } = await modelStorage();
  const others = models.filter((model) => model.name !== name && model.storedBytes > 0);
  const listed = others.map((model) => `${model.name} (${formatBytes(model.storedBytes)})`).join(', ');
  const remedy =
    others.length > 0
      ? `To make room, delete one of the models that are kept: ${listed}.`
      : 'To make room, free space on this disk, or clear what other sites keep in this browser.';
  return {
    error: {
      code: 'storage-unavailable',
      message: `${refusal.message}: ${name} works, but it is not kept, and is fetched again next time. ${remedy}`,
    },
    retry: 'It goes on without keeping the model.',
  };
}
