import { errorBodySchema } from '@perfit/protocol';
import type { z } from 'zod';
import { FailureError } from '../../contract/failure.ts';

interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/**
 * One question to the coordinator's REST API, and its answer as the schema has it.
 * @throws FailureError with the coordinator's code and sentence, or `coordinator-unreachable`
 */
export async function request<T extends z.ZodType>(
  path: string,
  schema: T,
  options: RequestOptions = {},
): Promise<z.infer<T>> {
  const response = await send(path, options, 'application/json');
  const answer = asJson(await bodyOf(response, 'text'));
  if (!response.ok) throw refusal(response.status, answer);
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.');
  throw new FailureError({
    code: 'bad-message',
    message: `The coordinator's answer to ${path} is not what this page expects${where ? ` (at ${where})` : ''}. Reload the page: it may be older than the coordinator.`,
  });
}

/** The same for what is no JSON. @throws FailureError as {@link request} does */
export async function requestText(path: string): Promise<string> {
  return bodyOf(await accepted(await send(path, {}, '*/*')), 'text');
}

/** The same for what is no text. @throws FailureError as {@link request} does */
export async function requestBytes(path: string): Promise<ArrayBuffer> {
  return bodyOf(await accepted(await send(path, {}, 'application/octet-stream')), 'arrayBuffer');
}

async function accepted(response: Response): Promise<Response> {
  if (response.ok) return response;
  throw refusal(response.status, asJson(await bodyOf(response, 'text')));
}

async function send(path: string, { method = 'GET', body, signal }: RequestOptions, accept: string): Promise<Response> {
  try {
    return await fetch(path, {
      method,
      credentials: 'same-origin',
      headers: {
        accept,
        // Forms of other sites cannot send this header: the coordinator asks for it (CSRF).
        'x-perfit-csrf': '1',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw unreachable();
  }
}

/** A line may break in the middle of an answer. */
async function bodyOf<How extends 'text' | 'arrayBuffer'>(
  response: Response,
  how: How,
): Promise<Awaited<ReturnType<Response[How]>>> {
  try {
    return (await response[how]()) as Awaited<ReturnType<Response[How]>>;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw unreachable();
  }
}

function unreachable(): FailureError {
  return new FailureError({
    code: 'coordinator-unreachable',
    message: 'The coordinator does not answer. Check your connection, and whether the coordinator is running.',
  });
}

function asJson(text: string): unknown {
  try {
    return text ? JSON.parse(text) : {};
  } catch {
    return null;
  }
}

function refusal(status: number, answer: unknown): FailureError {
  const body = errorBodySchema.safeParse(answer);
  if (body.success) return new FailureError(body.data);
  if (status === 404)
    return new FailureError({ code: 'not-found', message: 'The coordinator does not know this address.' });
  if (status >= 502) {
    return new FailureError({
      code: 'coordinator-unreachable',
      message: 'The coordinator does not answer at present.',
    });
  }
  return new FailureError({ code: 'unexpected', message: `The coordinator answered with status ${status}.` });
}
