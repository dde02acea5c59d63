import { createHash } from 'node:crypto';
import { consentSchema } from '@perfit/protocol';
import { expect, it } from 'vitest';
import { consentSentences } from '../../strings/en/start-form.ts';
import { recordConsent } from './record-consent.ts';

it('a consent has the very sentences, and their hash for a version', async () => {
  const consent = await recordConsent(consentSentences, true, 1000);
  expect(consent).toMatchObject({ at: 1000, sentences: consentSentences, shareEvaluation: true });
  expect(consent.version).toBe(createHash('sha256').update(consentSentences.join('\n')).digest('hex'));
  expect(consentSentences.length).toBeGreaterThan(8);
  const other = await recordConsent([...consentSentences.slice(1), 'More.'], true, 1000);
  expect(other.version).not.toBe(consent.version);
  consentSchema.parse({ version: consent.version, at: new Date(consent.at).toISOString() });
});
