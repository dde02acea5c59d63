import type { ErrorBody } from '@perfit/protocol';

/** @param body what was sent, as JSON @returns what is answered: as JSON, or as it is where it is a Response or bytes */
type Answer = (body: unknown) => unknown;

let answers: Readonly<Record<string, Answer>> = {};

/**
 * Plays the coordinator in this test. What has no answer here is not answered.
 * @param played by method and address: `GET /api/federations`
 */
export function playCoordinator(played: Readonly<Record<string, Answer>>): void {
  answers = { ...answers, ...played };
}

export function refusal(code: ErrorBody['code'], message: string, status = 400): Response {
  return Response.json({ code, message }, { status });
}

const fetchReally = globalThis.fetch;

globalThis.fetch = async (input, init) => {
  const address = new URL(input instanceof Request ? input.url : input, location.href);
  const path = address.pathname + address.search;
  // The page's own files, as the samples are.
  if (!/^\/(api|models)\//.test(path)) return fetchReally(input, init);
  const answer = answers[`${init?.method ?? 'GET'} ${path}`];
  if (!answer) return new Promise(() => {});
  const answered = await answer(typeof init?.body === 'string' ? JSON.parse(init.body) : undefined);
  if (answered instanceof Response) return answered;
  return answered instanceof ArrayBuffer ? new Response(answered) : Response.json(answered ?? {});
};

export function forgetCoordinator(): void {
  answers = {};
}
