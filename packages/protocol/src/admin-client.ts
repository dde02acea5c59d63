import { z } from 'zod';
import { errorBodySchema, ProtocolError } from './errors.ts';
import type { FederationConfigInput } from './federation-config.ts';
import {
  apiKeyCreatedSchema,
  apiKeyViewSchema,
  auditPageSchema,
  type ClientAction,
  inviteViewSchema,
  type NewInvite,
  type newApiKeySchema,
  type newOperatorSchema,
  type OperatorRole,
  operatorAccountSchema,
  operatorCreatedSchema,
  type RoundAction,
  sessionListSchema,
  sessionSchema,
} from './operators.ts';
import {
  eventViewSchema,
  federationCreatedSchema,
  federationDetailSchema,
  federationSummarySchema,
  inviteCreatedSchema,
  maskAtlasSchema,
  type OperatorAction,
  operatorModelSchema,
} from './rest.ts';

const ROOT = '/api/admin';
const nothing = z.object({});

interface Abortable {
  readonly signal?: AbortSignal;
}

interface AdminRequest extends Abortable {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** As JSON. */
  readonly body?: unknown;
}

/** The operator's API: addresses, what goes in, and the schema of what comes out. How it is asked, a class below says. */
export abstract class AdminApi {
  protected abstract json<T extends z.ZodType>(path: string, schema: T, request?: AdminRequest): Promise<z.output<T>>;
  protected abstract bytes(path: string): Promise<ArrayBuffer>;

  login(name: string, password: string) {
    return this.json(`${ROOT}/login`, sessionSchema, { method: 'POST', body: { name, password } });
  }

  async logout(): Promise<void> {
    await this.json(`${ROOT}/logout`, nothing, { method: 'POST' });
  }

  /** Who asks. */
  session(request?: Abortable) {
    return this.json(`${ROOT}/session`, sessionSchema, request);
  }

  /** Where somebody is logged in as the one who asks. */
  sessions(request?: Abortable) {
    return this.json(`${ROOT}/sessions`, sessionListSchema, request);
  }

  async endSession(id: string): Promise<void> {
    await this.json(`${ROOT}/sessions/${encodeURIComponent(id)}`, nothing, { method: 'DELETE' });
  }

  /** One's own; every other session of this operator ends. */
  changePassword(current: string, next: string) {
    return this.json(`${ROOT}/password`, sessionSchema, { method: 'POST', body: { current, next } });
  }

  operators(request?: Abortable) {
    return this.json(`${ROOT}/operators`, z.array(operatorAccountSchema), request);
  }

  /** @returns with the password that was made up where none is given, told this once */
  addOperator(operator: z.input<typeof newOperatorSchema>) {
    return this.json(`${ROOT}/operators`, operatorCreatedSchema, { method: 'POST', body: operator });
  }

  async changeRole(name: string, role: OperatorRole): Promise<void> {
    await this.json(`${ROOT}/operators/${encodeURIComponent(name)}`, nothing, { method: 'PATCH', body: { role } });
  }

  async removeOperator(name: string): Promise<void> {
    await this.json(`${ROOT}/operators/${encodeURIComponent(name)}`, nothing, { method: 'DELETE' });
  }

  keys(request?: Abortable) {
    return this.json(`${ROOT}/keys`, z.array(apiKeyViewSchema), request);
  }

  /** @returns with the key itself, told this once */
  addKey(key: z.input<typeof newApiKeySchema>) {
    return this.json(`${ROOT}/keys`, apiKeyCreatedSchema, { method: 'POST', body: key });
  }

  async revokeKey(id: string): Promise<void> {
    await this.json(`${ROOT}/keys/${encodeURIComponent(id)}`, nothing, { method: 'DELETE' });
  }

  /**
   * A page of what operators did, newest first.
   * @param before a sequence number; null is the newest page @param kind of deeds, with its dot; empty is all
   */
  audit({ before, kind, limit }: { before: number | null; kind: string; limit: number }, request?: Abortable) {
    const search = new URLSearchParams({ limit: String(limit) });
    if (before !== null) search.set('before', String(before));
    if (kind !== '') search.set('action', kind);
    return this.json(`${ROOT}/audit?${search}`, auditPageSchema, request);
  }

  /** The folders of the models directory, those that cannot be used included. */
  models(request?: Abortable) {
    return this.json(`${ROOT}/models`, z.array(operatorModelSchema), request);
  }

  federations(request?: Abortable) {
    return this.json(`${ROOT}/federations`, z.array(federationSummarySchema), request);
  }

  /** @param config may have an `id` beside it; also as a person wrote it: the coordinator checks it */
  create(config: FederationConfigInput | Readonly<Record<string, unknown>>) {
    return this.json(`${ROOT}/federations`, federationCreatedSchema, { method: 'POST', body: config });
  }

  detail(id: string, request?: Abortable) {
    return this.json(addressOf(id), federationDetailSchema, request);
  }

  atlas(id: string, request?: Abortable) {
    return this.json(`${addressOf(id)}/atlas`, maskAtlasSchema, request);
  }

  act(id: string, action: OperatorAction) {
    return this.json(`${addressOf(id)}/actions`, federationDetailSchema, { method: 'POST', body: { action } });
  }

  actOnRound(id: string, round: number, action: RoundAction) {
    const path = `${addressOf(id)}/rounds/${round}/actions`;
    return this.json(path, federationDetailSchema, { method: 'POST', body: { action } });
  }

  actOnClient(id: string, client: string, action: ClientAction) {
    const path = `${addressOf(id)}/clients/${encodeURIComponent(client)}/actions`;
    return this.json(path, federationDetailSchema, { method: 'POST', body: { action } });
  }

  invites(id: string, request?: Abortable) {
    return this.json(`${addressOf(id)}/invites`, z.array(inviteViewSchema), request);
  }

  addInvite(id: string, invite: NewInvite) {
    return this.json(`${addressOf(id)}/invites`, inviteCreatedSchema, { method: 'POST', body: invite });
  }

  async revokeInvite(id: string, invite: string): Promise<void> {
    await this.json(`${addressOf(id)}/invites/${encodeURIComponent(invite)}`, nothing, { method: 'DELETE' });
  }

  /** The log's next `limit` entries after that sequence number, oldest first. */
  events(id: string, { after, limit }: { after: number; limit: number }) {
    return this.json(`${addressOf(id)}/events?after=${after}&limit=${limit}`, z.array(eventViewSchema));
  }

  /** θ_g after a committed round, the last one without `version`. @returns [N] float32, little-endian */
  theta(id: string, version?: number): Promise<ArrayBuffer> {
    return this.bytes(`${addressOf(id)}/theta${version === undefined ? '' : `?version=${version}`}`);
  }

  /** Where a federation's results are, one line an accepted submission. */
  csvPath(id: string): string {
    return `${addressOf(id)}/results.csv`;
  }
}

export interface AdminClientOptions {
  readonly fetch: (url: URL, init: RequestInit) => Promise<Response>;
  /** Where the coordinator is. */
  readonly url: string;
  /** Who asks; without a key whoever logs in, by the cookie that the login is answered with. */
  readonly apiKey?: string;
  /** What is thrown instead: of a refusal, or of what no coordinator answers (`bad-answer`). */
  readonly toError?: (error: Error & { readonly code: string }, status: number) => Error;
}

/**
 * The operator's API by a fetch, for programs.
 * @throws ProtocolError as it is refused; an error in words where the answer is none of a coordinator; what `fetch` throws
 */
export class AdminClient extends AdminApi {
  private readonly options: AdminClientOptions;
  private cookie = '';

  constructor(options: AdminClientOptions) {
    super();
    this.options = options;
  }

  static async signedIn(
    options: Omit<AdminClientOptions, 'apiKey'>,
    { name, password }: { readonly name: string; readonly password: string },
  ): Promise<AdminClient> {
    const client = new AdminClient(options);
    await client.login(name, password);
    return client;
  }

  /** What tells the coordinator who asks; it opens a socket for operators as well. */
  get headers(): Readonly<Record<string, string>> {
    const { apiKey } = this.options;
    if (apiKey !== undefined) return { authorization: `Bearer ${apiKey}` };
    return { 'x-perfit-csrf': '1', ...(this.cookie ? { cookie: this.cookie } : {}) };
  }

  async resultsCsv(id: string): Promise<string> {
    return (await this.ask(this.csvPath(id))).text();
  }

  /** The config.json of a federation's base model, as its clients load it. */
  async modelConfig(modelPath: string): Promise<string> {
    return (await this.ask(`${modelPath}config.json`)).text();
  }

  /** Everything of the coordinator. @returns a tar archive */
  async backup(): Promise<ReadableStream<Uint8Array>> {
    const path = `${ROOT}/backup`;
    const { body, status } = await this.ask(path, { method: 'POST' });
    if (body) return body;
    throw this.failure(new AnswerError(`${this.options.url} answers ${path} with nothing.`), status);
  }

  protected override async json<T extends z.ZodType>(
    path: string,
    schema: T,
    request: AdminRequest = {},
  ): Promise<z.output<T>> {
    const answer = await this.ask(path, request);
    const parsed = schema.safeParse(await answer.json().catch(() => null));
    if (parsed.success) return parsed.data;
    const text = `${this.options.url} answers ${path} as no coordinator of this version does.`;
    throw this.failure(new AnswerError(text), answer.status);
  }

  protected override async bytes(path: string): Promise<ArrayBuffer> {
    return (await this.ask(path)).arrayBuffer();
  }

  private async ask(path: string, { method = 'GET', body, signal }: AdminRequest = {}): Promise<Response> {
    const { fetch, url } = this.options;
    const answer = await fetch(new URL(path, url), {
      method,
      // What says who asks goes to the coordinator that was named, and to nobody that it points to.
      redirect: 'error',
      headers: { ...this.headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
    this.cookie = cookieOf(answer) || this.cookie;
    if (answer.ok) return answer;
    const refusal = errorBodySchema.safeParse(await answer.json().catch(() => null));
    const error = refusal.success
      ? ProtocolError.from(refusal.data)
      : new AnswerError(`${url} answers ${path} with ${answer.status}.`);
    throw this.failure(error, answer.status);
  }

  private failure(error: ProtocolError | AnswerError, status: number): Error {
    return this.options.toError?.(error, status) ?? error;
  }
}

/** Not as a coordinator answers: another program listens there, or another version. */
class AnswerError extends Error {
  override readonly name = 'AnswerError';
  readonly code = 'bad-answer';
}

/** The cookies that an answer sets, as the next request sends them; empty where it sets none. */
export function cookieOf({ headers }: { readonly headers: Headers }): string {
  return headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
}

function addressOf(id: string): string {
  return `${ROOT}/federations/${encodeURIComponent(id)}`;
}
