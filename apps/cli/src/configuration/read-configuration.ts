import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { UsageError } from '../explain.ts';
import { type Configuration, fallbackOf, type Kind, type SettingName, settingNames, settings } from './settings.ts';

/** Where a value comes from: a later one of these goes before an earlier one. */
export type Source = 'default' | 'file' | 'environment' | 'option';

export interface ReadConfiguration {
  readonly values: Configuration;
  readonly sources: Readonly<Record<SettingName, Source>>;
}

export interface Given {
  /** A YAML file. */
  readonly file?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Of the command line, by the names of the settings; those that were not said are absent. */
  readonly options: Readonly<Partial<Record<SettingName, unknown>>>;
  /** What paths of environment and command line are relative to. */
  readonly folder: string;
}

/** One value of one source, and how a person would name its place. */
interface Said {
  readonly source: Source;
  readonly place: string;
  readonly value: unknown;
  /** What a path is relative to. */
  readonly folder: string;
}

/** @throws UsageError with the key, the place and what is wrong, where a key is unknown or a value does not fit */
export function readConfiguration(given: Given): ReadConfiguration {
  const { environment, options, folder } = given;
  const file = given.file === undefined ? {} : readFile(resolve(folder, given.file), given.file);
  const values: Record<string, unknown> = {};
  const sources: Partial<Record<SettingName, Source>> = {};
  for (const name of settingNames) {
    const { kind, environment: variable } = settings[name].about;
    values[name] = fallbackOf(name);
    sources[name] = 'default';
    const said: Said[] = [];
    if (given.file !== undefined && Object.hasOwn(file, name)) {
      const place = `${name} in ${given.file}`;
      said.push({ source: 'file', place, value: file[name], folder: dirname(resolve(folder, given.file)) });
    }
    const text = environment[variable];
    // A compose file passes what is not set on as nothing.
    if (text) said.push({ source: 'environment', place: variable, value: fromText(text, kind), folder });
    if (options[name] !== undefined) {
      said.push({ source: 'option', place: optionOf(name), value: options[name], folder });
    }
    for (const one of said) {
      values[name] = parsed(name, one);
      sources[name] = one.source;
    }
  }
  return { values: values as Configuration, sources: sources as Record<SettingName, Source> };
}

function readFile(path: string, named: string): Record<string, unknown> {
  let content: unknown;
  try {
    content = parse(readFileSync(path, 'utf8')) ?? {};
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new UsageError(`The configuration ${named} cannot be read: ${reason}`);
  }
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw new UsageError(`The configuration ${named} is not a list of "key: value" lines.`);
  }
  const unknown = Object.keys(content as object).find((key) => !Object.hasOwn(settings, key));
  if (unknown !== undefined) {
    throw new UsageError(`${unknown} in ${named} is no setting. There are: ${settingNames.join(', ')}.`);
  }
  return content as Record<string, unknown>;
}

function parsed(name: SettingName, { place, value, folder }: Said): unknown {
  const { schema, about } = settings[name];
  const result = schema.safeParse(value);
  // The value is not repeated: it may be a secret in the wrong place.
  if (!result.success || result.data === undefined) {
    throw new UsageError(`${place} is wrong: ${result.error?.issues[0]?.message ?? 'give a value'}.`);
  }
  return about.kind === 'path' ? resolve(folder, String(result.data)) : result.data;
}

/** What the text of an environment variable means; what does not fit stays text, and its schema refuses it. */
function fromText(text: string, kind: Kind): unknown {
  switch (kind) {
    case 'whole':
      return /^\d+$/.test(text) ? Number(text) : text;
    case 'yes-or-no':
      return { true: true, 1: true, false: false, 0: false }[text] ?? text;
    case 'list':
      return text.split(/[\s,]+/).filter(Boolean);
    case 'text':
    case 'path':
      return text;
  }
}

export function optionOf(name: SettingName): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
