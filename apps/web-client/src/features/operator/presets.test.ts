import { federationConfigSchema } from '@perfit/protocol';
import { expect, it } from 'vitest';
import { configOf, emptyDraft, issuesOf } from './federation-draft.ts';
import { presetNames, withPreset } from './presets.ts';

const typed = { ...emptyDraft, name: 'Village', model: 'perfit-nano', access: 'open', 'host.name': 'Ada' };

it.each(presetNames)('has a federation that can be made at once, and keeps what was typed: %s', (preset) => {
  const draft = withPreset(typed, preset);
  expect([...issuesOf(draft)]).toEqual([]);
  const config = federationConfigSchema.parse(configOf(draft));
  expect(config).toMatchObject({ name: 'Village', access: 'open', host: { name: 'Ada' } });
  // Who is recruited can fill a round, or at least not fail it.
  expect(config.schedule.recruit).toBeGreaterThanOrEqual(config.schedule.minimum);
});

it('leaves nothing behind of the preset that was chosen before', () => {
  expect(withPreset(withPreset(typed, 'overnight'), 'quick')).toEqual(withPreset(typed, 'quick'));
});
