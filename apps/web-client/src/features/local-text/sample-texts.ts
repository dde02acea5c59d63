/** The samples of the repository, as files of this site. */
const addresses = import.meta.glob<string>('../../../../../samples/*.jsonl', {
  query: '?url',
  import: 'default',
  eager: true,
});

export interface SampleText {
  readonly name: string;
  readonly title: string;
  readonly url: string;
}

export const sampleTexts: readonly SampleText[] = Object.entries(addresses).map(([path, url]) => {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const words = name.replace(/\.jsonl$/, '').replaceAll('-', ' ');
  return { name, title: words.charAt(0).toUpperCase() + words.slice(1), url };
});
