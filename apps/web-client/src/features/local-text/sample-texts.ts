import { personas } from '#strings/local-text.ts';

/** The samples of the repository, as files of this site. */
const addresses = import.meta.glob<string>('../../../../../samples/*.jsonl', {
  query: '?url',
  import: 'default',
  eager: true,
});

export interface SampleText {
  /** Of the file. */
  readonly name: string;
  readonly title: string;
  /** Whose it is. */
  readonly text: string;
  readonly url: string;
}

export const sampleTexts: readonly SampleText[] = Object.entries(addresses).map(([path, url]) => {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return { name, ...(personas[name] ?? { title: name, text: '' }), url };
});
