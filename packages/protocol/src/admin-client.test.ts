import { expect, it } from 'vitest';
import { AdminClient } from './admin-client.ts';
import { ProtocolError } from './errors.ts';

const url = 'http://coordinator.test';
const ada = { name: 'ada', password: 'correct horse battery staple' };
const session = { name: 'ada', role: 'admin', id: 'one', expiresAt: null };

/** Answers with these, one after another, and keeps what it was asked. */
function scripted(...answers: Response[]) {
  const asked: Request[] = [];
  const fetch = async (address: URL, init: RequestInit) => {
    asked.push(new Request(address, init));
    const answer = answers.shift();
    if (!answer) throw new Error('nothing more is scripted');
    return answer;
  };
  return { fetch, asked };
}

function signedIn(...cookies: string[]): Response {
  return Response.json(session, { headers: cookies.map((cookie): [string, string] => ['set-cookie', cookie]) });
}

it('keeps the cookies of its login, and of whatever renews them', async () => {
  const { fetch, asked } = scripted(
    signedIn('perfit_session=first; HttpOnly; Path=/', 'side=1; Path=/'),
    signedIn('perfit_session=second; HttpOnly'),
    Response.json({}),
  );
  const admin = await AdminClient.signedIn({ url, fetch }, ada);
  expect(await admin.session()).toEqual(session);
  await admin.removeOperator('a/b');
  expect(asked.map((request) => [request.method, request.url, request.headers.get('cookie')])).toEqual([
    ['POST', `${url}/api/admin/login`, null],
    ['GET', `${url}/api/admin/session`, 'perfit_session=first; side=1'],
    ['DELETE', `${url}/api/admin/operators/a%2Fb`, 'perfit_session=second'],
  ]);
  expect(await asked[0]?.json()).toEqual(ada);
  for (const { headers, redirect } of asked) expect([headers.get('x-perfit-csrf'), redirect]).toEqual(['1', 'error']);
  expect(admin.headers).toEqual({ 'x-perfit-csrf': '1', cookie: 'perfit_session=second' });
});

it('sends a key as its bearer, and nothing that only pages need', async () => {
  const { fetch, asked } = scripted(Response.json([]));
  await new AdminClient({ url, fetch, apiKey: 'perfit_key' }).keys();
  expect(Object.fromEntries(asked[0]?.headers ?? [])).toEqual({ authorization: 'Bearer perfit_key' });
});

it('throws a refusal with its code, its sentence and its data', async () => {
  const body = { code: 'rate-limited', message: 'Too many guesses.', data: { seconds: 60 } };
  const { fetch } = scripted(Response.json(body, { status: 429 }));
  const refused = AdminClient.signedIn({ url, fetch }, ada);
  await expect(refused).rejects.toBeInstanceOf(ProtocolError);
  await expect(refused).rejects.toMatchObject(body);
});

it('refuses in words what no coordinator answers', async () => {
  const { fetch } = scripted(
    Response.json([{ id: 1 }]),
    new Response('<html>'),
    new Response('Bad gateway', { status: 502 }),
    new Response(null),
  );
  const admin = new AdminClient({ url, fetch, apiKey: 'perfit_key' });
  for (const [answer, words] of [
    [() => admin.models(), '/api/admin/models as no coordinator of this version does.'],
    [
      () => admin.act('garden', 'start'),
      '/api/admin/federations/garden/actions as no coordinator of this version does.',
    ],
    [() => admin.theta('garden', 3), '/api/admin/federations/garden/theta?version=3 with 502.'],
    [() => admin.backup(), '/api/admin/backup with nothing.'],
  ] as const) {
    await expect(answer()).rejects.toMatchObject({ code: 'bad-answer', message: `${url} answers ${words}` });
  }
});

it('lets its owner say what is thrown, by the status too, and leaves alone what fetch throws', async () => {
  const { fetch } = scripted(Response.json({ code: 'unknown-federation', message: 'No "x".' }, { status: 404 }));
  const toError = ({ code, message }: { code: string; message: string }, status: number) =>
    new RangeError(`${status} ${code}: ${message}`);
  const admin = new AdminClient({ url, fetch, apiKey: 'perfit_key', toError });
  await expect(admin.detail('x')).rejects.toThrow(new RangeError('404 unknown-federation: No "x".'));
  await expect(admin.detail('x')).rejects.toThrow(new Error('nothing more is scripted'));
});
