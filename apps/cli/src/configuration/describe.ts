import { stringify } from 'yaml';
import { optionOf, type ReadConfiguration, type Source } from './read-configuration.ts';
import { fallbackOf, type SettingName, settingNames, settings, shortPath } from './settings.ts';

/** What is in force and where each value comes from, as YAML that is a configuration again; secrets are only said to be set. */
export function describeConfiguration({ values, sources }: ReadConfiguration): string {
  const lines = settingNames.map((name) => {
    const { isSecret, environment } = settings[name].about;
    const from = placeOf(name, sources[name], environment);
    const value = values[name];
    if (value === undefined) return `# ${name} is not set`;
    if (isSecret) return `# ${name} is set (${from})`;
    const text = stringify({ [name]: value }, { lineWidth: 0, flowCollectionPadding: false, collectionStyle: 'flow' });
    return `${text.trim().replace(/^\{(.*)\}$/s, '$1')}  # ${from}`;
  });
  return `${lines.join('\n')}\n`;
}

/** The same for a program. */
export function configurationAsJson({ values, sources }: ReadConfiguration): Record<string, unknown> {
  const shown = (name: SettingName) =>
    values[name] === undefined ? null : settings[name].about.isSecret ? 'set' : values[name];
  return Object.fromEntries(settingNames.map((name) => [name, { value: shown(name), source: sources[name] }]));
}

/** The table of docs/operating.md, in Markdown. */
export function configurationTable(): string {
  const rows = settingNames.map((name) => {
    const { sentence, environment, unit } = settings[name].about;
    const fallback = shownFallback(name);
    const option = hasOption(name) ? `\`${optionOf(name)}\`` : '';
    const cells = [
      `\`${name}\``,
      `\`${environment}\``,
      option,
      fallback && unit ? `${fallback} ${unit}` : fallback,
      sentence,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return ['| key of the file | environment | option | default | meaning |', '|---|---|---|---|---|', ...rows].join(
    '\n',
  );
}

/** A secret on a command line would be seen by everybody who lists processes; the address of a database always could. */
export function hasOption(name: SettingName): boolean {
  return name === 'databaseUrl' || !settings[name].about.isSecret;
}

/** Empty where there is none. */
export function shownFallback(name: SettingName): string {
  const fallback = fallbackOf(name);
  if (fallback === undefined || (Array.isArray(fallback) && fallback.length === 0)) return '';
  const text = String(fallback);
  return settings[name].about.kind === 'path' ? `\`${shortPath(text)}\`` : `\`${text}\``;
}

function placeOf(name: SettingName, source: Source, environment: string): string {
  if (source === 'environment') return `environment, ${environment}`;
  return source === 'option' ? `option, ${optionOf(name)}` : source;
}
