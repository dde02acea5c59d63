import { expect, it } from 'vitest';
import { randomId } from './random-id.ts';

it('makes names of a length, none twice, none that looks like an option', () => {
  const ids = Array.from({ length: 1000 }, () => randomId(9));
  expect(new Set(ids).size).toBe(1000);
  for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{11}$/);
});
