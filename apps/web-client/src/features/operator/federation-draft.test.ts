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

  it('has budgets by the speed of devices, bounds of what one client may do, and how masks are searched', () => {
    const config = parsed({
      'search.score': 'magnitude',
      'search.scope': 'global',
      'search.warmupEpochs': '0.5',
      'search.iterations': 2,
      'search.batches': 6,
      'search.density': 0.4,
      'search.slowDevices': [{ below: '60', density: 0.25 }],
      'tuning.batchSize': 4,
      'robust.clipNorm': 2,
      'robust.mean': 'trimmed',
      'robust.trim': 0.1,
      'robust.minimumOwners': 4,
      'weighting.by': 'uniform',
    });
    expect(config).toMatchObject({
      search: { score: 'magnitude', scope: 'global', warmupEpochs: 0.5, iterations: 2, batches: 6, density: 0.4 },
      tuning: { batchSize: 4 },
      robust: { clipNorm: 2, mean: 'trimmed', trim: 0.1, minimumOwners: 4 },
      weighting: { by: 'uniform' },
    });
    expect(config.search.slowDevices).toEqual([{ below: 60, density: 0.25 }]);
    expect(
      parsed({
        'schedule.targetPerplexity': '12.5',
        'lora.alpha': 32,
        'lora.targets': ['q_proj', 'v_proj'],
        'evaluation.heldOut': 0.3,
        seed: 7,
      }),
    ).toMatchObject({
      schedule: { targetPerplexity: 12.5 },
      lora: { alpha: 32, targets: ['q_proj', 'v_proj'] },
      evaluation: { heldOut: 0.3 },
      seed: 7,
    });
    expect(parsed({}).schedule).not.toHaveProperty('targetPerplexity');
    expect(Object.fromEntries(issuesOf(draftOf({ 'schedule.targetPerplexity': 1, 'lora.targets': [] })))).toEqual({
      'schedule.targetPerplexity': 'Give a number above 1, at most 1000000.',
      'lora.targets': 'Choose at least one.',
    });
    // A weighted mean that shortens nothing is no robust one, whatever was typed before.
    expect(parsed({ 'robust.trim': 0.1 }).robust).toBeUndefined();
    expect(parsed({ 'robust.clipNorm': 2, 'robust.trim': 0.4 }).robust).toEqual({
      clipNorm: 2,
      mean: 'weighted',
      trim: 0.2,
      minimumOwners: 5,
    });
    expect(configOf(draftOf({ strategy: 'random-mask', 'search.score': 'gradient' })).search).not.toHaveProperty(
      'score',
    );
    const empty = { below: '', density: 2 };
    expect(Object.fromEntries(issuesOf(draftOf({ 'search.slowDevices': [empty] })))).toEqual({
      'search.slowDevices.0.below': 'Give a number above 0, at most 1000000000.',
      'search.slowDevices.0.density': 'Give a number above 0, at most 1.',
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
