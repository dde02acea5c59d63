import type { OperatorRole } from '@perfit/protocol';
import { AdminClient } from '@perfit/protocol/admin';

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of it
  readonly body: any;
}

/**
 * Somebody who asks the operator's API whatever it likes, and is told what came back: with a cookie as a page does, with
 * a key as a program does, or with nothing. Whoever asks as one should takes an `AdminClient`.
 */
export class AdminCaller {
  private readonly url: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(url: string, headers: Record<string, string> = {}) {
    this.url = url;
    this.headers = headers;
  }

  static async login(url: string, login: { name: string; password: string }): Promise<AdminCaller> {
    const { headers } = await AdminClient.signedIn({ url, fetch }, login);
    return new AdminCaller(url, { ...headers, origin: url });
  }

  with(headers: Record<string, string>): AdminCaller {
    return new AdminCaller(this.url, { ...this.headers, ...headers });
  }

  without(name: string): AdminCaller {
    return new AdminCaller(this.url, Object.fromEntries(Object.entries(this.headers).filter(([key]) => key !== name)));
  }

  get = (path: string) => this.call('GET', path);
  post = (path: string, body?: unknown) => this.call('POST', path, body);
  patch = (path: string, body?: unknown) => this.call('PATCH', path, body);
  delete = (path: string) => this.call('DELETE', path);

  async call(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(new URL(`/api/admin${path}`, this.url), {
      method,
      headers: { ...this.headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const isJson = response.headers.get('content-type')?.includes('json');
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? await response.json() : await response.text(),
    };
  }

  /** An operator of that role, made and signed in. */
  async another(name: string, role: OperatorRole): Promise<AdminCaller> {
    const { body } = await this.post('/operators', { name, role });
    return AdminCaller.login(this.url, { name, password: body.password });
  }
}
