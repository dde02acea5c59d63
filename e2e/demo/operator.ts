import {
  type FederationConfigInput,
  type FederationDetail,
  federationDetailSchema,
  type OperatorModel,
  operatorModelSchema,
} from '@perfit/protocol';
import { z } from 'zod';

const createdSchema = z.object({ id: z.string(), joinUrl: z.string(), invite: z.string().nullable() });

/** The coordinator's operator, by its REST API: what the dashboard does, for a program. */
export class Operator {
  readonly #url: string;
  readonly #cookie: string;

  private constructor(url: string, cookie: string) {
    this.#url = url;
    this.#cookie = cookie;
  }

  static async login(url: string, name: string, password: string): Promise<Operator> {
    const response = await fetch(new URL('/api/admin/login', url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-perfit-csrf': '1' },
      body: JSON.stringify({ name, password }),
    });
    if (!response.ok) throw new Error(`The operator could not log in: ${response.status} ${await response.text()}`);
    const cookie = response.headers.getSetCookie().map((line) => line.split(';')[0]);
    return new Operator(url, cookie.join('; '));
  }

  async create(config: FederationConfigInput): Promise<z.infer<typeof createdSchema>> {
    return createdSchema.parse(await this.#call('POST', '/api/admin/federations', config));
  }

  async models(): Promise<OperatorModel[]> {
    return z.array(operatorModelSchema).parse(await this.#call('GET', '/api/admin/models'));
  }

  async act(id: string, action: 'start' | 'pause' | 'resume' | 'stop'): Promise<void> {
    await this.#call('POST', `/api/admin/federations/${id}/actions`, { action });
  }

  async detail(id: string): Promise<FederationDetail> {
    return federationDetailSchema.parse(await this.#call('GET', `/api/admin/federations/${id}`));
  }

  /** θ_g after a committed round, float32, little-endian. */
  async theta(id: string, version: number): Promise<Buffer> {
    const response = await this.#fetch('GET', `/api/admin/federations/${id}/theta?version=${version}`);
    return Buffer.from(await response.arrayBuffer());
  }

  async #call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
    const text = await (await this.#fetch(method, path, body)).text();
    return text ? JSON.parse(text) : null;
  }

  async #fetch(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Response> {
    const response = await fetch(new URL(path, this.#url), {
      method,
      headers: { cookie: this.#cookie, 'x-perfit-csrf': '1', ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
    return response;
  }
}
