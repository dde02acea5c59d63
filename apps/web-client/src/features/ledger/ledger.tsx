import { Button, Group, Select, Stack, Text } from '@mantine/core';
import { useMemo, useState } from 'react';
import { kindName, strings, summary } from '#strings/ledger.ts';
import type { LedgerEntry } from '../../contract/ledger-api.ts';
import type { Seat } from '../../contract/run-api.ts';
import { saveFile } from '../../shared/ui/save-file.ts';
import { Section } from '../../shared/ui/section.tsx';
import { EntryDialog } from './entry-dialog.tsx';
import { HashCheck } from './hash-check.tsx';
import { ledgerFile } from './ledger-file.ts';
import { filtered, type LedgerFilter, type LedgerRow, rowsOf } from './ledger-rows.ts';
import { LedgerTable } from './ledger-table.tsx';
import { TotalsTables } from './totals-tables.tsx';

interface LedgerProps {
  readonly seat: Seat;
  /** Ascending. */
  readonly entries: readonly LedgerEntry[];
}

/** [LG1] Every message of a seat: a list to look through, and what each of them says. */
export function Ledger({ seat, entries }: LedgerProps) {
  const [filter, setFilter] = useState<LedgerFilter>({ direction: 'both', kind: null });
  const [opened, setOpened] = useState<LedgerRow | null>(null);
  const rows = useMemo(() => rowsOf(entries), [entries]);
  const shown = useMemo(() => filtered(rows, filter), [rows, filter]);
  const save = () => saveFile('perfit-ledger.jsonl', ledgerFile(entries), 'application/jsonl');
  return (
    <Section
      title={strings.title}
      lead={strings.lead}
      aside={
        <Button variant="default" size="xs" onClick={save} disabled={entries.length === 0}>
          {strings.save}
        </Button>
      }
    >
      <Stack gap="md">
        <Text size="sm">{summaryOf(entries)}</Text>
        <Filters rows={rows} filter={filter} onFilter={setFilter} />
        <LedgerTable
          key={`${filter.direction} ${filter.kind}`}
          rows={shown}
          empty={entries.length === 0 ? strings.none : strings.noMatch}
          onOpen={setOpened}
        />
        <TotalsTables rows={rows} />
        <HashCheck seat={seat} disabled={entries.length === 0} />
        <Text size="xs" c="dimmed" maw={720}>
          {strings.scope}
        </Text>
      </Stack>
      <EntryDialog seat={seat} row={opened} onClose={() => setOpened(null)} />
    </Section>
  );
}

interface FiltersProps {
  readonly rows: readonly LedgerRow[];
  readonly filter: LedgerFilter;
  readonly onFilter: (filter: LedgerFilter) => void;
}

function Filters({ rows, filter, onFilter }: FiltersProps) {
  const words = strings.filter;
  const kinds = [...new Set(rows.map(({ kind }) => kind))].sort((a, b) => kindName(a).localeCompare(kindName(b)));
  const directions = [
    { value: 'both', label: words.both },
    { value: 'up', label: words.up },
    { value: 'down', label: words.down },
  ] as const;
  return (
    <Group gap="xs" align="flex-end">
      <Group gap={6} role="group" aria-label={words.direction}>
        {directions.map(({ value, label }) => (
          <Button
            key={value}
            size="xs"
            variant={filter.direction === value ? 'light' : 'default'}
            aria-pressed={filter.direction === value}
            onClick={() => onFilter({ ...filter, direction: value })}
          >
            {label}
          </Button>
        ))}
      </Group>
      <Select
        aria-label={words.kind}
        size="xs"
        w={{ base: 96, xs: 220 }}
        comboboxProps={{ width: 220, position: 'bottom-end' }}
        clearable
        clearButtonProps={{ 'aria-label': words.all }}
        placeholder={words.all}
        data={kinds.map((kind) => ({ value: kind, label: kindName(kind) }))}
        value={filter.kind}
        onChange={(kind) => onFilter({ ...filter, kind })}
      />
    </Group>
  );
}

function summaryOf(entries: readonly LedgerEntry[]): string {
  const of = { up: 0, upBytes: 0, down: 0, downBytes: 0, files: 0 };
  for (const { kind, direction, bytes } of entries) {
    if (kind === 'fetch') of.files += direction === 'down' ? bytes : 0;
    else if (direction === 'up') {
      of.up++;
      of.upBytes += bytes;
    } else {
      of.down++;
      of.downBytes += bytes;
    }
  }
  return summary(of);
}
