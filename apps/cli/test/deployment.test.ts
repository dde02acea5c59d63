import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DockerfileParser, type Instruction } from 'dockerfile-ast';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { longFormOnly } from '../../../testing/needs.ts';
import { settings } from '../src/configuration/settings.ts';

const root = join(import.meta.dirname, '../../..');
const read = (name: string) => readFileSync(join(root, name), 'utf8');
const known = new Set(Object.values(settings).map(({ about }) => about.environment));

const instructions = DockerfileParser.parse(read('Dockerfile')).getInstructions();
const all = (keyword: string) => instructions.filter((one) => one.getKeyword() === keyword);
const wordsOf = (one: Instruction) => one.getArguments().map((argument) => argument.getValue());
/** Of the stage that is the image. */
const final = instructions.slice(instructions.findLastIndex((one) => one.getKeyword() === 'FROM'));

describe('the Dockerfile', () => {
  it('names exact images, of a version of Node that the project asks for', () => {
    const stages = new Set(all('FROM').map((one) => wordsOf(one)[2]));
    const images = all('FROM').map((one) => wordsOf(one)[0] as string);
    const foreign = images.filter((image) => !stages.has(image));
    expect(foreign.length).toBeGreaterThan(0);
    for (const image of foreign) expect(image).toMatch(/^node:\d+\.\d+\.\d+-/);
    const [least] = /\d+\.\d+\.\d+/.exec(JSON.parse(read('package.json')).engines.node) ?? [];
    for (const image of foreign)
      expect(compare(image.slice('node:'.length), least as string)).toBeGreaterThanOrEqual(0);
    expect(new Set(foreign).size).toBe(1);
  });

  it('has the version of Node that nvm takes here, and the one that the container for development has', () => {
    const [image] = all('FROM').map((one) => wordsOf(one)[0] as string);
    const version = read('.nvmrc').trim();
    expect(image?.startsWith(`node:${version}-`), `${image} is not ${version}`).toBe(true);
    expect(JSON.parse(read('.devcontainer/devcontainer.json')).image).toContain(`:${version.split('.')[0]}-`);
  });

  it('installs the pnpm that everybody has', () => {
    const pinned = pinnedPnpm();
    expect(all('RUN').flatMap(wordsOf)).toContain(pinned);
  });

  it('runs as nobody in particular, says whether it is well, and starts what is there', () => {
    const words = (keyword: string) => final.filter((one) => one.getKeyword() === keyword).flatMap(wordsOf);
    expect(words('USER')).toEqual(['node']);
    expect(words('HEALTHCHECK').join(' ')).toContain('/readyz');
    const [folder] = words('WORKDIR').slice(-1);
    const program = words('ENTRYPOINT').find((word) => word.includes('.ts'));
    const path = join(folder as string, (program as string).replaceAll(/[",\]]/g, '')).replace('/app/', '');
    expect(existsSync(join(root, path)), path).toBe(true);
  });

  it('sets nothing that is no setting', () => {
    const named = all('ENV').flatMap((one) => wordsOf(one).map((word) => word.split('=')[0] as string));
    expect(named.filter((name) => name.startsWith('PERFIT_'))).not.toEqual([]);
    for (const name of named) if (name.startsWith('PERFIT_')) expect(known).toContain(name);
  });

  it('has every manifest that the lockfile speaks of, and no secret', () => {
    const ignored = read('.dockerignore').split('\n');
    const left = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', 'patches', 'apps', 'packages', 'samples'];
    for (const name of left) expect(ignored).not.toContain(name);
    expect(ignored).toContain('!e2e/package.json');
    for (const name of ['.git', '.perfit', '.env']) expect(ignored).toContain(name);
  });
});

const text = z.string();
const serviceSchema = z.strictObject({
  build: z.literal('.').optional(),
  image: z
    .string()
    .regex(/^[a-z]+(\/[a-z]+)?:v?\d+\.\d+(\.\d+)?(-[a-z]+)?$/)
    .optional(),
  profiles: z.tuple([z.literal('monitoring')]).optional(),
  restart: z.enum(['unless-stopped']),
  depends_on: z.record(text, z.strictObject({ condition: z.literal('service_healthy') })).optional(),
  environment: z.record(text, z.union([z.string(), z.number(), z.boolean()])).default({}),
  ports: z.array(z.string().regex(/^127\.0\.0\.1:\d+:\d+$/)).optional(),
  volumes: z.array(z.string().regex(/^[\w./-]+:\/[\w./-]+(:ro)?$/)),
  read_only: z.literal(true).optional(),
  tmpfs: z.array(text).optional(),
  cap_drop: z.tuple([z.literal('ALL')]).optional(),
  security_opt: z.array(text).optional(),
  stop_grace_period: text.optional(),
  healthcheck: z
    .strictObject({ test: z.array(text), interval: text, timeout: text, retries: z.number().int() })
    .optional(),
});
const composeSchema = z.strictObject({
  services: z.strictObject({
    coordinator: serviceSchema,
    database: serviceSchema,
    prometheus: serviceSchema,
    grafana: serviceSchema,
  }),
  volumes: z.record(text, z.null()),
});

describe('the compose file', () => {
  const compose = composeSchema.parse(parse(read('compose.yaml')));
  const { coordinator, database } = compose.services;

  it('sets nothing of the coordinator that is no setting, and writes no secret down', () => {
    for (const name of Object.keys(coordinator.environment)) expect(known).toContain(name);
    const secrets = [coordinator.environment.PERFIT_OPERATOR_PASSWORD, database.environment.POSTGRES_PASSWORD];
    for (const secret of secrets) expect(secret).toMatch(/^\$\{PERFIT_\w+:\?[^}]+\}$/);
  });

  it('lets the coordinator wait for a database that answers, under the same names', () => {
    expect(coordinator.depends_on).toHaveProperty('database');
    expect(database.healthcheck).toBeDefined();
    const { POSTGRES_USER: user, POSTGRES_DB: name } = database.environment;
    expect(coordinator.environment.DATABASE_URL).toMatch(
      new RegExp(`^postgres://${user}:\\$.*@database:5432/${name}$`),
    );
  });

  it('keeps what must be kept in volumes that it declares, and writes nowhere else', () => {
    const all = Object.values(compose.services);
    const named = all.flatMap(({ volumes }) => volumes.map((one) => one.split(':')[0] as string));
    for (const name of named) if (name.startsWith('.')) expect(existsSync(join(root, name)), name).toBe(true);
    expect(named.filter((name) => !name.startsWith('.')).sort()).toEqual(Object.keys(compose.volumes).sort());
    expect(coordinator.read_only).toBe(true);
    const kept = final.find((one) => one.getKeyword() === 'VOLUME');
    expect(coordinator.volumes.some((one) => one.endsWith(`:${wordsOf(kept as Instruction)[0]}`))).toBe(true);
  });
});

describe('monitoring', () => {
  const { coordinator, prometheus, grafana } = composeSchema.parse(parse(read('compose.yaml'))).services;

  it('comes only when it is asked for', () => {
    expect([prometheus.profiles, grafana.profiles]).toEqual([['monitoring'], ['monitoring']]);
    expect(coordinator.profiles).toBeUndefined();
  });

  it('scrapes the coordinator where it listens, with a key that no image or repository holds', () => {
    const { scrape_configs: jobs, rule_files: rules } = parse(read('deploy/prometheus/prometheus.yml'));
    expect(jobs).toMatchObject([
      {
        job_name: 'perfit',
        authorization: { credentials_file: '/etc/prometheus/api-key' },
        static_configs: [{ targets: [`coordinator:${coordinator.ports?.[0]?.split(':')[2]}`] }],
      },
    ]);
    for (const name of rules) expect(existsSync(join(root, 'deploy/prometheus', name))).toBe(true);
    expect(prometheus.volumes).toContain('./deploy/prometheus:/etc/prometheus:ro');
    expect(read('.gitignore').split('\n')).toContain('/deploy/prometheus/api-key');
    expect(read('.dockerignore').split('\n')).toContain('deploy');
  });

  it('gives Grafana its data source and its dashboard', () => {
    const [source] = parse(read('deploy/grafana/provisioning/datasources/prometheus.yml')).datasources;
    expect(source).toMatchObject({ type: 'prometheus', url: 'http://prometheus:9090' });
    const [provider] = parse(read('deploy/grafana/provisioning/dashboards/perfit.yml')).providers;
    expect(grafana.volumes).toContain(`./deploy/grafana/dashboards:${provider.options.path}:ro`);
    const { panels } = JSON.parse(read('deploy/grafana/dashboards/coordinator.json'));
    for (const { title, type, datasource, gridPos } of panels) {
      if (type !== 'row') expect(datasource, title).toEqual({ type: 'prometheus', uid: source.uid });
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
    }
  });
});

it('what the stage "production" installs is enough to serve', { ...longFormOnly, timeout: 300_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'perfit-image-'));
  try {
    const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);
    for (const file of files) if (existsSync(join(root, file))) cpSync(join(root, file), join(folder, file));
    const install = all('RUN')
      .map((one) => one.getArgumentsContent() ?? '')
      .find((line) => line.includes('--prod'));
    // The image has pnpm; of this machine npm alone is asked.
    const npmExec = `npm exec --yes --package=${pinnedPnpm()} -- sh -c`;
    execFileSync('sh', ['-c', `${npmExec} ${JSON.stringify(install)}`], {
      cwd: folder,
      env: { ...process.env, CI: 'true' },
      stdio: 'pipe',
    });
    const data = join(folder, 'data');
    const server = spawn(
      'node',
      ['--import', 'tsx', 'src/main.ts', 'serve', '--port', '0', '--data', data, '--empty', '--json'],
      { cwd: join(folder, 'apps/cli'), stdio: ['ignore', 'pipe', 'inherit'] },
    );
    for await (const line of createInterface({ input: server.stdout })) {
      const { url } = JSON.parse(line) as { url?: string };
      if (!url) continue;
      expect((await fetch(new URL('/readyz', url))).status).toBe(200);
      break;
    }
    server.kill('SIGTERM');
    await new Promise((resolve) => server.once('exit', resolve));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** @returns a positive number where the first version is the later one */
function compare(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(/[.-]/).slice(0, 3).map(Number)) as [number[], number[]];
  const at = left.findIndex((part, i) => part !== right[i]);
  return at < 0 ? 0 : (left[at] as number) - (right[at] as number);
}

/** The version that the project's own commands install with. */
function pinnedPnpm(): string | undefined {
  return /'(pnpm@[\d.]+)'/.exec(read('scripts/setup.mjs'))?.[1];
}
