import type { Readable } from 'node:stream';
import type { OperatorRole } from '@perfit/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Principal } from '../access/principal.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a route of the operator's API asks for; one that says nothing is refused at start. */
    needs?: Need;
  }
}

/** `nobody` is for the login alone. */
type Need = OperatorRole | 'nobody';

/** What a handler is given: everything parsed, and who asks. */
interface AdminCall<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** Null only where the route needs nobody. */
  readonly principal: Principal | null;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** What the audit log names, where the path alone does not tell. */
  concerns(target: string): void;
}

/** One address of the operator's API: what it needs, what goes in and comes out, and how it is noted. */
export interface AdminRoute {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below /api/admin, as Fastify writes it. */
  readonly path: string;
  readonly needs: Need;
  /** For the OpenAPI document. */
  readonly summary: string;
  /** What the audit log calls it; only what reads has none. */
  readonly deed: string | null;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** Of the answer, or the media type of one that is no JSON. */
  readonly answer: z.ZodType | string;
  /** Of the answer; 200 where it is not said. */
  readonly status?: number;
  handle(call: AdminCall<unknown, unknown, unknown>): Promise<unknown>;
}

type Read<T> = T extends z.ZodType ? z.output<T> : undefined;

interface Declared<P, Q, B, A> extends Omit<AdminRoute, 'params' | 'query' | 'body' | 'answer' | 'handle'> {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly answer: A;
  handle(
    call: AdminCall<Read<P>, Read<Q>, Read<B>>,
  ): Promise<A extends z.ZodType ? z.input<A> : Buffer | Readable | string>;
}

/** Lets the compiler hold a handler to the schemas of its route. */
export function adminRoute<
  P extends z.ZodType | undefined = undefined,
  Q extends z.ZodType | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
  A extends z.ZodType | string = string,
>(route: Declared<P, Q, B, A>): AdminRoute {
  return route as unknown as AdminRoute;
}
