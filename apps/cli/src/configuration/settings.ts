import { join } from 'node:path';
import { z } from 'zod';
import { projectRoot } from '../project-root.ts';

/** How a setting is read from text, and what is done with it: `path` is relative to where it was said. */
export type Kind = 'text' | 'path' | 'whole' | 'yes-or-no' | 'list';

interface About {
  readonly kind: Kind;
  /** For the table of docs/operating.md and whoever asks. */
  readonly sentence: string;
  readonly environment: string;
  /** What it is counted in. */
  readonly unit?: string;
  /** Never shown. */
  readonly isSecret?: boolean;
}

interface Setting<S extends z.ZodType = z.ZodType> {
  readonly schema: S;
  readonly about: About;
}

function setting<S extends z.ZodType>(schema: S, about: About): Setting<S> {
  return { schema, about };
}

function whole(least: number, most: number) {
  const error = `give a whole number from ${least} to ${most}`;
  return z.number({ error }).int({ error }).min(least, { error }).max(most, { error });
}

const text = () => z.string({ error: 'give some text' }).min(1, { error: 'give some text' });
const yesOrNo = () => z.boolean({ error: 'give true or false' });
const count = () => whole(1, 1_000_000);
const levels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

function isUrl(given: string, protocols: readonly string[]): boolean {
  return URL.canParse(given) && protocols.includes(new URL(given).protocol);
}

/** Everything that may be set of a coordinator, by the key that a file uses. */
export const settings = {
  host: setting(text().default('localhost'), {
    kind: 'text',
    sentence: 'The address to listen on.',
    environment: 'PERFIT_HOST',
  }),
  port: setting(whole(0, 65535).default(4173), {
    kind: 'whole',
    sentence: 'The port; 0 takes a free one.',
    environment: 'PERFIT_PORT',
  }),
  data: setting(text().default(join(projectRoot, '.perfit', 'coordinator')), {
    kind: 'path',
    sentence: 'Where everything that the coordinator keeps lies; made at the first start with mode 0700.',
    environment: 'PERFIT_DATA',
  }),
  models: setting(text().default(join(projectRoot, 'models')), {
    kind: 'path',
    sentence: 'One folder a base model: a GGUF file, or `config.json`, `*.safetensors` and tokenizer files.',
    environment: 'PERFIT_MODELS',
  }),
  web: setting(text().default(join(projectRoot, 'apps', 'web-client', 'dist')), {
    kind: 'path',
    sentence: 'The built web client; where it is not there, only the APIs are served.',
    environment: 'PERFIT_WEB',
  }),
  databaseUrl: setting(
    z
      .string({ error: 'give an address that starts with postgres://' })
      .refine((given) => isUrl(given, ['postgres:', 'postgresql:']), {
        error: 'give an address that starts with postgres://',
      })
      .optional(),
    {
      kind: 'text',
      sentence: 'A Postgres server instead of the embedded database.',
      environment: 'DATABASE_URL',
      isSecret: true,
    },
  ),
  operatorPassword: setting(text().optional(), {
    kind: 'text',
    sentence:
      'The password of `operator`, given at this and any later start; without it one is made at the first start and shown once.',
    environment: 'PERFIT_OPERATOR_PASSWORD',
    isSecret: true,
  }),
  origin: setting(
    z
      .array(
        z
          .string({ error: 'give origins such as https://perfit.example' })
          .refine((given) => isUrl(given, ['http:', 'https:']), {
            error: 'give origins such as https://perfit.example',
          }),
        { error: 'give a list of origins such as https://perfit.example' },
      )
      .default([]),
    {
      kind: 'list',
      sentence: "Further origins whose pages may connect, and the coordinator's own where that is a domain name.",
      environment: 'PERFIT_ORIGIN',
    },
  ),
  trustProxy: setting(yesOrNo().default(false), {
    kind: 'yes-or-no',
    sentence: 'Believe `X-Forwarded-*`; only behind a proxy that sets them.',
    environment: 'PERFIT_TRUST_PROXY',
  }),
  allowHub: setting(yesOrNo().default(false), {
    kind: 'yes-or-no',
    sentence: 'Let pages read models from the Hugging Face Hub; without it they talk to the coordinator only.',
    environment: 'PERFIT_ALLOW_HUB',
  }),
  runBy: setting(text().optional(), {
    kind: 'text',
    sentence: 'Who runs the federations that name nobody themselves: shown to everybody who is asked to join.',
    environment: 'PERFIT_RUN_BY',
  }),
  contact: setting(text().optional(), {
    kind: 'text',
    sentence: 'How to reach them; `https:` and `mailto:` addresses become links.',
    environment: 'PERFIT_CONTACT',
  }),
  empty: setting(yesOrNo().default(false), {
    kind: 'yes-or-no',
    sentence: 'Do not make a first federation.',
    environment: 'PERFIT_EMPTY',
  }),
  messagesPerSecond: setting(count().default(500), {
    kind: 'whole',
    sentence: 'The most that one socket may send.',
    environment: 'PERFIT_MESSAGES_PER_SECOND',
    unit: 'messages a second',
  }),
  connectionsPerAddress: setting(count().default(500), {
    kind: 'whole',
    sentence: 'The most that one address may have.',
    environment: 'PERFIT_CONNECTIONS_PER_ADDRESS',
    unit: 'connections',
  }),
  uploads: setting(count().default(128), {
    kind: 'whole',
    sentence: 'The most that may be under way at once; others are asked to come again.',
    environment: 'PERFIT_UPLOADS',
    unit: 'uploads',
  }),
  clientsPerFederation: setting(count().default(10_000), {
    kind: 'whole',
    sentence: 'The most keys that a federation takes.',
    environment: 'PERFIT_CLIENTS_PER_FEDERATION',
    unit: 'clients',
  }),
  loginFailures: setting(count().default(10), {
    kind: 'whole',
    sentence: 'Of one name or address, before it must wait for a quarter of an hour.',
    environment: 'PERFIT_LOGIN_FAILURES',
    unit: 'logins',
  }),
  logLevel: setting(z.enum(levels, { error: `choose one of ${levels.join(', ')}` }).default('warn'), {
    kind: 'text',
    sentence: `What is logged, on standard error: ${levels.join(', ')}.`,
    environment: 'PERFIT_LOG_LEVEL',
  }),
} as const;

export type SettingName = keyof typeof settings;
export type Configuration = { readonly [K in SettingName]: z.output<(typeof settings)[K]['schema']> };

export const settingNames = Object.keys(settings) as SettingName[];

/** What holds where nobody says anything; undefined where that is nothing. */
export function fallbackOf(name: SettingName): unknown {
  return settings[name].schema.parse(undefined);
}

/** A path inside the project as a person would write it. */
export function shortPath(path: string): string {
  return path.startsWith(projectRoot) ? path.slice(projectRoot.length + 1) : path;
}
