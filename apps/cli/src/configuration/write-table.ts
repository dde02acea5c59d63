// Writes the table of settings into docs/operating.md: `npx tsx apps/cli/src/configuration/write-table.ts`.
import { readFileSync, writeFileSync } from 'node:fs';
import { operatingGuide, withTable } from './operating-guide.ts';

writeFileSync(operatingGuide, withTable(readFileSync(operatingGuide, 'utf8')));
