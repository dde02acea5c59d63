import { fileURLToPath } from 'node:url';
import { configurationTable } from './describe.ts';

export const operatingGuide = fileURLToPath(new URL('../../../../docs/operating.md', import.meta.url));

const START = '<!-- settings: made by apps/cli/src/configuration/write-table.ts -->';
const END = '<!-- end of settings -->';

/** The guide with the table as the settings are now. @throws RangeError where it has no place for it */
export function withTable(guide: string): string {
  const [from, to] = [guide.indexOf(START), guide.indexOf(END)];
  if (from < 0 || to < from) throw new RangeError('the guide has no place for the table of settings');
  return `${guide.slice(0, from)}${START}\n\n${configurationTable()}\n\n${guide.slice(to)}`;
}
