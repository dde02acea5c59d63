import { federationConfigSchema, strategyNames } from '@perfit/protocol';
import { describe, expect, it } from 'vitest';
import { configOf, type Draft, emptyDraft, issuesOf } from './federation-draft.ts';

const draftOf = (part: Partial<Draft>): Draft => ({ ...emptyDraft, name: 'Village', model: 'perfit-nano', ...part });
const parsed = (part: Partial<Draft>) => federationConfigSchema.parse(configOf(draftOf(part)));

describe('a federation as its form is filled in', () => {
  it.each(strategyNames)('is the default one where only a name is given: %s', (strategy) => {
    const expected = federationConfigSchema.parse({ name: 'Village', model: 'perfit-nano', strategy });
    const { search, ...config } = parsed({ strategy });
    // A prior of 0 is none.
    expect({ ...config, search: { ...search, prior: search.prior || undefined } }).toEqual({
      ...expected,
      search: { ...expected.search, prior: undefined },
    });
  });

  it('has the advanced settings, each in its place', () => {
    const config = parsed({
      'search.sharedRounds': 1,
      'search.everyRounds': '2',
      'search.prior': 0.5,
      'search.rewind': false,
      'personal.keep': 0.3,
      'tuning.proximal': 0.01,
      'server.optimizer': 'adam',
      'server.learningRate': 0.01,
      'server.beta1': 0.8,
      'server.beta2': 0.95,
      'server.epsilon': 0.002,
      'wire.dtype': 'int8',
    });
    expect(config).toMatchObject({
      search: { sharedRounds: 1, everyRounds: 2, prior: 0.5, rewind: false },
      personal: { keep: 0.3 },
      tuning: { proximal: 0.01 },
      server: { optimizer: 'adam', learningRate: 0.01, beta1: 0.8, beta2: 0.95, epsilon: 0.002 },
      wire: { dtype: 'int8' },
    });
  });

  it('says nothing of what its strategy does not use, though it was typed before', () => {
    const typed = { 'personal.keep': 0.3, 'server.optimizer': 'momentum', 'server.learningRate': 0.5 };
    expect(configOf(draftOf({ ...typed, strategy: 'fedit' }))).not.toHaveProperty('personal');
    const flora = configOf(draftOf({ ...typed, strategy: 'flora' }));
    expect(flora).not.toHaveProperty('personal');
    expect(flora).not.toHaveProperty('server');
    expect(parsed({ ...typed, 'server.optimizer': 'none' }).server.learningRate).toBe(1);
  });

  it('takes the default for a number that is left empty', () => {
    expect(parsed({ 'personal.keep': '', 'schedule.rounds': '' })).toMatchObject({
      personal: { keep: 0 },
      schedule: { rounds: 3 },
    });
  });

  it('is refused by field, with two learning rates told apart', () => {
    const draft = draftOf({ name: '12', 'personal.keep': 2, 'server.optimizer': 'adam', 'server.learningRate': 0 });
    expect(Object.fromEntries(issuesOf(draft))).toEqual({
      'personal.keep': 'Give a number from 0 to 1.',
      'server.learningRate': 'Give a number above 0, at most 100.',
    });
    expect(Object.fromEntries(issuesOf(draftOf({ name: '', 'server.learningRate': 0 })))).toEqual({
      name: 'Give it a name.',
    });
  });
});
