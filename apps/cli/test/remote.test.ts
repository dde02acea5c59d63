import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Coordinator, createCoordinator } from '@perfit/coordinator';
import { layEmptyDatabase } from '@perfit/testkit/coordinator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { perfit as commandLine } from '../../../e2e/demo/coordinator-process.ts';
import { loadStrategy } from '../src/own-strategy.ts';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const folder = mkdtempSync(join(tmpdir(), 'perfit-remote-'));
const password = 'correct horse battery staple';
let coordinator: Coordinator;
let key = '';

beforeAll(async () => {
  await layEmptyDatabase(join(folder, 'data'));
  coordinator = await createCoordinator({
    dataDirectory: join(folder, 'data'),
    modelsDirectory: join(root, 'models'),
    host: '127.0.0.1',
    port: 0,
    operator: { name: 'ada', password },
  });
  const made = await perfit(['key', 'add', 'tests', '--role', 'admin', '--user', 'ada'], { PERFIT_PASSWORD: password });
  expect(made).toMatchObject({ status: 0, stderr: '' });
  key = made.stdout.trim();
}, 120_000);

afterAll(async () => {
  await coordinator.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A process of its own, as a person starts it; this one meanwhile answers it. */
function perfit(args: string[], env: Record<string, string> = { PERFIT_API_KEY: key }) {
  const child = spawn(process.execPath, [...commandLine, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PERFIT_URL: coordinator.url, ...env },
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
  return new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, ...said }));
  });
}

describe('perfit against a coordinator', { timeout: 120_000 }, () => {
  it('makes a federation, moves it, shows it and exports what came of it', async () => {
    writeFileSync(join(folder, 'garden.yaml'), 'name: Garden\nmodel: perfit-nano\nschedule: { rounds: 2 }\n');
    const made = await perfit(['federation', 'create', 'garden.yaml', '--id', 'garden', '--start', '--json']);
    expect(JSON.parse(made.stdout)).toMatchObject({ id: 'garden', joinUrl: expect.stringMatching(/invite=/) });
    const garden = await coordinator.detail('garden');
    expect(garden.status.state).toBe('recruiting');
    // [PF4] The file says no rate: it is that of the model's recipe.
    expect(garden.config.tuning.learningRate).toBe(4e-3);
    expect((await perfit(['federation', 'pause', 'garden'])).stdout).toBe('garden is paused.\n');
    expect((await perfit(['federation', 'list'])).stdout).toMatch(/^garden +Garden +paused +0\/2 +0$/m);
    const shown = await perfit(['federation', 'show', 'garden', '--json']);
    expect(JSON.parse(shown.stdout)).toMatchObject({ id: 'garden', actions: ['resume', 'stop'] });
    const csv = await perfit(['federation', 'export', 'garden', '--format', 'csv']);
    expect(csv.stdout).toMatch(/^round,attempt,state,client,/);
    const adapter = await perfit([
      'federation',
      'export',
      'garden',
      '--format',
      'peft',
      '--round',
      '0',
      '--out',
      'peft',
    ]);
    expect(adapter).toMatchObject({ status: 0, stdout: "Round 0's adapter is in peft.\n" });
    const config = JSON.parse(readFileSync(join(folder, 'peft', 'adapter_config.json'), 'utf8'));
    expect(config).toMatchObject({ peft_type: 'LORA', base_model_name_or_path: 'perfit-nano' });
  });

  it('takes part with a strategy of one’s own, which both sides must have, and says whether joining helped', async () => {
    const strategy = join(root, 'apps/cli/examples/share-attention.ts');
    const yaml = [
      'name: Lab',
      'model: perfit-nano',
      'strategy: share-attention',
      'access: open',
      'lora: { rank: 2 }',
      'tuning: { maxLength: 48 }',
      'evaluation: { heldOut: 0.3, validation: 0.2 }',
      'schedule: { rounds: 2, recruit: 1, goal: 1, minimum: 1 }',
    ];
    writeFileSync(join(folder, 'lab.yaml'), `${yaml.join('\n')}\n`);
    const create = ['federation', 'create', 'lab.yaml', '--id', 'lab', '--start', '--json'];
    const refused = await perfit(create);
    expect(refused.status).not.toBe(0);
    expect(refused.stderr).toContain(
      'This coordinator does not know the strategy "share-attention": choose one of perfit',
    );
    await loadStrategy(strategy);
    const { joinUrl } = JSON.parse((await perfit(create)).stdout);
    const join1 = [
      'join',
      joinUrl,
      '--data',
      join(root, 'samples/bakers-shop.jsonl'),
      '--store',
      'lab-client',
      '--twin',
    ];
    const stranger = await perfit(join1);
    expect(stranger.status).not.toBe(0);
    expect(stranger.stderr).toContain('does not know the strategy "share-attention"');
    const { status, stdout } = await perfit([...join1, '--strategy', strategy]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^kept: .+ \(round \d\), perplexity \d+\.\d\d$/m);
    expect(stdout).toMatch(/^together [\d.]+, alone [\d.]+: (joining|nobody can tell).* over \d+ held-out rows\)$/m);
    expect((await coordinator.detail('lab')).status.state).toBe('finished');
  });

  it('adds, lists and removes operators and keys', async () => {
    const added = await perfit(['user', 'add', 'vera', '--role', 'viewer', '--json']);
    expect(JSON.parse(added.stdout)).toMatchObject({ name: 'vera', role: 'viewer', password: expect.any(String) });
    expect((await perfit(['user', 'remove', 'vera'])).status).toBe(0);
    const [own] = JSON.parse((await perfit(['key', 'list', '--json'])).stdout);
    expect(own).toMatchObject({ label: 'tests', role: 'admin', createdBy: 'ada' });
    const brief = JSON.parse((await perfit(['key', 'add', 'brief', '--role', 'viewer', '--json'])).stdout);
    expect((await perfit(['key', 'revoke', brief.id])).status).toBe(0);
    const late = await perfit(['federation', 'list'], { PERFIT_API_KEY: brief.key });
    expect([late.status, late.stderr]).toEqual([3, expect.stringMatching(/\[login-required\]$/m)]);
  });

  it('ends with a code that says how: usage, refused, not found, unreachable', async () => {
    const endings: [string[], number, RegExp, Record<string, string>?][] = [
      [['federation', 'create', 'nowhere.yaml'], 2, /nowhere\.yaml cannot be read.*\[usage\]$/m],
      [['federation', 'show', 'nowhere'], 4, /"nowhere".*\[unknown-federation\]$/m],
      [['user', 'remove', 'ada'], 3, /only admin.*\[conflict\]$/m],
      [['key', 'list', '--url', 'http://127.0.0.1:9'], 5, /\[unreachable\]$/m],
    ];
    for (const [args, status, says, env] of endings) {
      const ended = await perfit(args, env);
      expect([args, ended.status, ended.stderr]).toEqual([args, status, expect.stringMatching(says)]);
    }
  });
});
