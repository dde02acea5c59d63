import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { configurationAsJson, configurationTable, describeConfiguration } from './describe.ts';
import { operatingGuide, withTable } from './operating-guide.ts';
import { type Given, readConfiguration } from './read-configuration.ts';
import { settingNames, settings } from './settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'perfit-configuration-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

function read(given: Partial<Given>) {
  return readConfiguration({ environment: {}, options: {}, folder, ...given });
}

describe('the configuration of a coordinator', () => {
  it('is the default, the file, the environment or the option, each before the one it follows', () => {
    const named = file('perfit.yaml', 'port: 1\nhost: from.file\nuploads: 3\n');
    const environment = { PERFIT_PORT: '2', PERFIT_HOST: 'from.environment', PERFIT_CONTACT: '' };
    const { values, sources } = read({ file: named, environment, options: { port: 3 } });
    expect(values).toMatchObject({ port: 3, host: 'from.environment', uploads: 3, loginFailures: 10 });
    expect(sources).toMatchObject({ port: 'option', host: 'environment', uploads: 'file', loginFailures: 'default' });
    expect(sources.contact).toBe('default');
  });

  it('reads paths from where they are said, and lists and switches from variables', () => {
    const environment = {
      PERFIT_ORIGIN: 'https://a.example, https://b.example',
      PERFIT_TRUST_PROXY: '1',
      PERFIT_MODELS: 'm',
    };
    const { values } = read({ environment });
    expect(values.origin).toEqual(['https://a.example', 'https://b.example']);
    expect(values.trustProxy).toBe(true);
    expect(values.models).toBe(join(folder, 'm'));
    const named = file('paths.yaml', 'data: state\n');
    expect(read({ file: join(folder, named), folder: '/' }).values.data).toBe(join(folder, 'state'));
  });

  it.each([
    {
      given: { file: file('key.yaml', 'prot: 80') },
      says: /^prot in key\.yaml is no setting\. There are: host, port,/,
    },
    {
      given: { file: file('port.yaml', 'port: many') },
      says: /^port in port\.yaml is wrong: give a whole number from 0/,
    },
    { given: { file: file('empty.yaml', 'runBy:') }, says: /^runBy in empty\.yaml is wrong: give some text\.$/ },
    {
      given: { file: file('list.yaml', '- port') },
      says: /^The configuration list\.yaml is not a list of "key: value"/,
    },
    { given: { file: file('torn.yaml', 'port: [1') }, says: /^The configuration torn\.yaml cannot be read: / },
    { given: { file: 'nowhere.yaml' }, says: /^The configuration nowhere\.yaml cannot be read: ENOENT/ },
    {
      given: { environment: { PERFIT_PORT: '80a' } },
      says: /^PERFIT_PORT is wrong: give a whole number from 0 to 65535\.$/,
    },
    {
      given: { environment: { PERFIT_TRUST_PROXY: 'yes' } },
      says: /^PERFIT_TRUST_PROXY is wrong: give true or false\.$/,
    },
    { given: { environment: { PERFIT_ORIGIN: 'a.example' } }, says: /^PERFIT_ORIGIN is wrong: give origins such as/ },
    { given: { options: { uploads: 0 } }, says: /^--uploads is wrong: give a whole number from 1 to 1000000\.$/ },
    { given: { options: { logLevel: 'loud' } }, says: /^--log-level is wrong: choose one of trace, debug/ },
  ])('refuses with the key, the place and the reason: $says', ({ given, says }) => {
    expect(() => read(given)).toThrow(expect.objectContaining({ code: 'usage', message: expect.stringMatching(says) }));
  });

  it('does not repeat a secret, not even one that is wrong', () => {
    const environment = { DATABASE_URL: 'mysql://me:hunter2@there/it' };
    expect(() => read({ environment })).toThrow(
      expect.objectContaining({ message: 'DATABASE_URL is wrong: give an address that starts with postgres://.' }),
    );
  });

  it('prints what is in force and from where, as a file that says the same, without secrets', () => {
    const environment = { DATABASE_URL: 'postgres://me:hunter2@there/it', PERFIT_OPERATOR_PASSWORD: 'swordfish' };
    const origin = ['https://a.example', 'https://b.example'];
    const first = read({ environment, options: { origin, runBy: 'us: "all"', port: 80 } });
    const text = describeConfiguration(first);
    expect(text).toMatch(/^port: 80 {2}# option, --port$/m);
    expect(text).toMatch(/^uploads: 128 {2}# default$/m);
    expect(text).toMatch(/^# databaseUrl is set \(environment, DATABASE_URL\)$/m);
    expect(text).toMatch(/^# contact is not set$/m);
    const again = read({ file: file('printed.yaml', text), environment });
    expect(again.values).toEqual(first.values);
    const json = configurationAsJson(first);
    expect(json.operatorPassword).toEqual({ value: 'set', source: 'environment' });
    for (const shown of [text, JSON.stringify(json)]) expect(shown).not.toMatch(/hunter2|swordfish/);
  });

  it('has one variable for each setting, and the guide has its table', () => {
    expect(new Set(settingNames.map((name) => settings[name].about.environment)).size).toBe(settingNames.length);
    const guide = readFileSync(operatingGuide, 'utf8');
    expect(guide).toContain(configurationTable());
    expect(withTable(guide)).toBe(guide);
  });
});
