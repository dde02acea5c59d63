import { join } from 'node:path';
import { type Folders, makeFolders } from '@perfit/testkit/coordinator';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogger } from '../src/logger.ts';
import { type OpenDatabase, openDatabase } from '../src/store/database.ts';

let folders: Folders;
let database: OpenDatabase;

beforeAll(async () => {
  folders = await makeFolders();
  database = await openDatabase(join(folders.dataDirectory, 'database'));
}, 120_000);

afterAll(async () => {
  await database.close();
  await folders.remove();
});

function logged(write: (logger: ReturnType<typeof createLogger>) => void): string {
  let text = '';
  write(createLogger('info', { write: (line) => (text += line) }));
  return text;
}

describe('the log', () => {
  it('has no secret of a request, at any depth in which it is logged', () => {
    const headers = { cookie: 'hunter2', authorization: 'hunter2', 'set-cookie': 'hunter2', host: 'here' };
    const text = logged((logger) => {
      logger.info({ req: { headers } }, 'a request');
      logger.info({ password: 'hunter2', hello: { invite: 'hunter2', nonce: 'hunter2', agent: 'a tab' } }, 'a client');
    });
    expect(text).not.toContain('hunter2');
    expect(text).toContain('"host":"here"');
    expect(text).toContain('"agent":"a tab"');
  });

  it('has no value of a statement that failed, also where that is the cause of another failure', async () => {
    const secret = 'hunter2\n    at hunter2';
    const failed: unknown = await database.database.execute(sql`insert into invites (nowhere) values (${secret})`).then(
      () => null,
      (error: unknown) => error,
    );
    expect(String((failed as Error).message)).toContain('hunter2');
    const text = logged((logger) => {
      logger.error({ err: failed }, 'a step failed');
      logger.error({ err: new Error('It cannot start.', { cause: failed }) }, 'a start failed');
    });
    expect(text).not.toContain('hunter2');
    expect(text.match(/Failed query: insert into invites/g)).toHaveLength(2);
    expect(text).toContain('nowhere');
    expect(text).toMatch(/"stack":"at /);
  });
});
