import {
  errorBodySchema,
  type FederationConfigInput,
  type FederationCreated,
  type FederationDetail,
  federationCreatedSchema,
  federationDetailSchema,
  type OperatorAction,
  ProtocolError,
} from '@perfit/protocol';

/** The coordinator's operator, by its REST API: what the operator's page does, for a program. */
export class Operator {
  private readonly url: string;
  private readonly cookie: string;

  private constructor(url: string, cookie: string) {
    this.url = url;
    this.cookie = cookie;
  }

  /** @throws ProtocolError as it is refused, as of every call */
  static async login(url: string, name: string, password: string): Promise<Operator> {
    const response = await fetch(new URL('/api/admin/login', url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-perfit-csrf': '1' },
      body: JSON.stringify({ name, password }),
    });
    if (!response.ok) throw await refusalOf(response);
    const cookies = response.headers.getSetCookie().map((line) => line.split(';')[0]);
    return new Operator(url, cookies.join('; '));
  }

  async create(config: FederationConfigInput): Promise<FederationCreated> {
    return federationCreatedSchema.parse(await (await this.call('POST', '/api/admin/federations', config)).json());
  }

  async act(id: string, action: OperatorAction): Promise<void> {
    await this.call('POST', `/api/admin/federations/${id}/actions`, { action });
  }

  async detail(id: string): Promise<FederationDetail> {
    return federationDetailSchema.parse(await (await this.call('GET', `/api/admin/federations/${id}`)).json());
  }

  /** The last θ_g. @returns [N] */
  async theta(id: string): Promise<Float32Array> {
    // float32, little-endian, as every machine is that this runs on.
    return new Float32Array(await (await this.call('GET', `/api/admin/federations/${id}/theta`)).arrayBuffer());
  }

  private async call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Response> {
    const response = await fetch(new URL(path, this.url), {
      method,
      headers: { cookie: this.cookie, 'x-perfit-csrf': '1', ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (response.ok) return response;
    throw await refusalOf(response);
  }
}

async function refusalOf(response: Response): Promise<Error> {
  const text = await response.text();
  const body = errorBodySchema.safeParse(parseJson(text));
  return body.success
    ? ProtocolError.from(body.data)
    : new Error(`${response.url} answered ${response.status}: ${text}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
