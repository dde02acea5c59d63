import { describe, expect, it } from 'vitest';
import { downDtype, federationConfigSchema } from './index.ts';

/** What the schema says of one wrong value, by the field's name. */
function complaints(part: object): Record<string, string> {
  const parsed = federationConfigSchema.safeParse({ name: 'village', model: 'perfit-nano', ...part });
  return Object.fromEntries((parsed.error?.issues ?? []).map(({ path, message }) => [path.join('.'), message]));
}

describe('a federation that cannot be made', () => {
  it.each([
    [{ name: '  ' }, 'name', 'Give it a name'],
    [{ name: undefined }, 'name', 'Give it a name'],
    [{ name: 'x'.repeat(81) }, 'name', 'A name has at most 80 characters'],
    [{ name: 'a\u0007b' }, 'name', 'A name may not contain control characters'],
    [{ description: 'x'.repeat(2001) }, 'description', 'A description has at most 2000 characters'],
    [{ host: { contact: 'mailto:ada@example.org' } }, 'host.name', 'Say who runs it'],
    [{ host: { name: 'a\u0007b' } }, 'host.name', 'A name may not contain control characters'],
    [{ host: { name: 'Ada', contact: 'x'.repeat(201) } }, 'host.contact', 'An address has at most 200 characters'],
    [{ model: '' }, 'model', "Choose one of the coordinator's models"],
    [{ model: '../etc' }, 'model', "Choose one of the coordinator's models"],
    [{ receive: 'half' }, 'receive', 'Choose one of owned, all'],
    [{ wire: { dtype: 'int4' } }, 'wire.dtype', 'Choose one of f32, f16, int8'],
    [{ lora: { rank: 0 } }, 'lora.rank', 'Give a whole number from 1 to 256'],
    [{ lora: { rank: 1.5 } }, 'lora.rank', 'Give a whole number from 1 to 256'],
    [{ lora: { expansion: Number.NaN } }, 'lora.expansion', 'Give a whole number from 1 to 16'],
    [{ schedule: { rounds: 20_000 } }, 'schedule.rounds', 'Give a whole number from 1 to 10000'],
    [{ schedule: { deadlineSeconds: 0 } }, 'schedule.deadlineSeconds', 'Give a number above 0, at most 604800'],
    [{ tuning: { learningRate: -1 } }, 'tuning.learningRate', 'Give a number above 0, at most 1'],
    [{ search: { sharedRounds: -1 } }, 'search.sharedRounds', 'Give a whole number from 0 to 10000'],
    [{ search: { everyRounds: 1.5 } }, 'search.everyRounds', 'Give a whole number, 0 or more'],
    [{ search: { prior: 1001 } }, 'search.prior', 'Give a number from 0 to 1000'],
    [{ tuning: { proximal: -1 } }, 'tuning.proximal', 'Give a number from 0 to 1000'],
    [{ personal: { keep: 1.1 } }, 'personal.keep', 'Give a number from 0 to 1'],
    [{ server: { optimizer: 'sgd' } }, 'server.optimizer', 'Choose one of none, momentum, adam'],
    [{ server: { beta1: 1 } }, 'server.beta1', 'Give a number of at least 0 and below 1'],
    [{ server: { beta2: Number.NaN } }, 'server.beta2', 'Give a number of at least 0 and below 1'],
    [{ server: { epsilon: 0 } }, 'server.epsilon', 'Give a number above 0, at most 1'],
    [{ tuning: { maxLength: 8 } }, 'tuning.maxLength', 'Give a whole number from 16 to 32768'],
    [
      { schedule: { minimum: 4, goal: 3 } },
      'schedule.minimum',
      'The minimum cannot be above the goal, which closes a round',
    ],
  ])('says of %j in words what to give', (part, field, sentence) => {
    expect(complaints(part)).toEqual({ [field]: sentence });
  });

  it('is not one that says only what it must', () => {
    expect(complaints({})).toEqual({});
  });
});

describe('a search', () => {
  const searchOf = (search: object) =>
    federationConfigSchema.parse({ name: 'village', model: 'perfit-nano', search }).search;

  it('[PF3] says nothing of a prior that nobody gave: experiments are told apart by this JSON', () => {
    expect('prior' in searchOf({})).toBe(false);
    expect(searchOf({ prior: 0 }).prior).toBe(0);
    expect(searchOf({ prior: 1000 }).prior).toBe(1000);
  });

  it.each([-1, 1001, Number.NaN, '2'])('[PF3] has no prior %j', (prior) => {
    expect(Object.keys(complaints({ search: { prior } }))).toEqual(['search.prior']);
  });
});

describe('the precision of the wire', () => {
  it.each([
    ['f32', 'f32'],
    ['f16', 'f16'],
    ['int8', 'f16'],
  ] as const)('[DC2] is %s on the way up and %s on the way down', (dtype, down) => {
    expect(downDtype({ dtype })).toBe(down);
  });
});
