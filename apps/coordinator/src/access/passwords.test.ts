import { expect, it } from 'vitest';
import { hashPassword, isPassword, OWASP_COST } from './passwords.ts';

it('hashes a password at the cost that OWASP names, and says so in the hash', async () => {
  const hash = await hashPassword('correct horse', OWASP_COST);
  expect(hash).toMatch(/^scrypt\$32768\$8\$3\$/);
  expect(await isPassword('correct horse', hash)).toBe(true);
  expect(await isPassword('correct horsf', hash)).toBe(false);
});

it('checks a hash at the cost that it was made with', async () => {
  const hash = await hashPassword('correct horse', { N: 4, r: 2, p: 1 });
  expect(hash).toMatch(/^scrypt\$4\$2\$1\$/);
  expect(await isPassword('correct horse', hash)).toBe(true);
  expect(await isPassword('correct horse', hash.replace('$4$', '$8$'))).toBe(false);
  expect(await isPassword('correct horse', 'bcrypt$4$2$1$a$b')).toBe(false);
});
