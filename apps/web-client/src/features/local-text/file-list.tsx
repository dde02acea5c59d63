import { ActionIcon, Badge, Button, Collapse, Group, Stack, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { strings } from '#strings/local-text.ts';
import type { ColumnMapping, DataFileReport } from '../../contract/data-api.ts';
import { formatBytes, formatCount } from '../../shared/format/format-number.ts';
import { ColumnSelects } from './column-selects.tsx';
import classes from './local-text.module.css';

interface FileListProps {
  readonly files: readonly DataFileReport[];
  /** A way to give more. */
  readonly aside: ReactNode;
  readonly onRemove: (name: string) => void;
  readonly onMap: (names: ReadonlySet<string>, columns: ColumnMapping) => void;
}

/** Of many files so many are shown at first, and so many that gave nothing. */
const FIRST = 8;

/** Each file and what it gave, or why it gave nothing; and where its columns can be named. */
export function FileList({ files, aside, onRemove, onMap }: FileListProps) {
  const [all, setAll] = useState(false);
  const [mapped, setMapped] = useState<string | null>(null);
  const used = files.filter(({ failure }) => failure === null).length;
  const refused = new Set(files.filter(({ failure }) => failure !== null).slice(0, FIRST));
  // In their order; one whose columns are being named does not go away when it can be used.
  const shown = all ? files : files.filter((file, i) => i < FIRST || refused.has(file) || file.name === mapped);
  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="sm">
        <Text fw={600}>
          {strings.files}{' '}
          <Text span size="sm" c="dimmed">
            {strings.used(formatCount(used), formatCount(files.length))}
          </Text>
        </Text>
        {aside}
      </Group>
      <ul className={classes.files} aria-label={strings.files}>
        {shown.map((file) => (
          <FileItem
            key={file.name}
            file={file}
            alike={alike(files, file)}
            onRemove={files.length > 1 ? () => onRemove(file.name) : null}
            onMap={(names, columns) => {
              setMapped(file.name);
              onMap(names, columns);
            }}
          />
        ))}
      </ul>
      {shown.length < files.length ? (
        <Button variant="subtle" size="compact-sm" style={{ alignSelf: 'flex-start' }} onClick={() => setAll(true)}>
          {strings.showAll(formatCount(files.length))}
        </Button>
      ) : null}
    </Stack>
  );
}

interface FileItemProps {
  readonly file: DataFileReport;
  /** It and those with the same columns. */
  readonly alike: ReadonlySet<string>;
  readonly onRemove: (() => void) | null;
  readonly onMap: FileListProps['onMap'];
}

function FileItem({ file, alike, onRemove, onMap }: FileItemProps) {
  const needsColumns = file.failure !== null && file.columns.length > 0;
  const [asked, setAsked] = useState<boolean | null>(null);
  // Stays open once it was needed: who has named one column wants to see the others.
  const [wasNeeded, setWasNeeded] = useState(needsColumns);
  if (needsColumns && !wasNeeded) setWasNeeded(true);
  const isOpen = asked ?? wasNeeded;
  return (
    <li className={classes.file} data-testid="dataset-file-report">
      <Group justify="space-between" gap="xs" wrap="nowrap" align="flex-start">
        <Stack gap={2} miw={0}>
          <Group gap={8}>
            <Text size="sm" fw={500} className={classes.fileName}>
              {file.name}
            </Text>
            {file.format ? (
              <Badge variant="default" size="xs">
                {file.format}
              </Badge>
            ) : null}
            <Text size="xs" c="dimmed">
              {formatBytes(file.bytes)}
            </Text>
          </Group>
          <Findings file={file} />
        </Stack>
        <Group gap={4} wrap="nowrap">
          {file.columns.length > 0 ? (
            <Button
              size="compact-xs"
              variant="subtle"
              aria-expanded={isOpen}
              aria-label={strings.columnsOf(file.name)}
              onClick={() => setAsked(!isOpen)}
            >
              {strings.columns}
            </Button>
          ) : null}
          {onRemove ? (
            <ActionIcon
              size="sm"
              variant="subtle"
              color="gray"
              aria-label={strings.remove(file.name)}
              onClick={onRemove}
            >
              {strings.removeSign}
            </ActionIcon>
          ) : null}
        </Group>
      </Group>
      {file.columns.length > 0 ? (
        <Collapse expanded={isOpen}>
          <ColumnSelects file={file} filesAlike={alike.size} onChange={(columns) => onMap(alike, columns)} />
        </Collapse>
      ) : null}
    </li>
  );
}

function Findings({ file }: Pick<FileItemProps, 'file'>) {
  if (file.failure !== null) {
    return (
      <Text size="sm" c="red" data-code={file.failure.code}>
        {file.failure.message}
      </Text>
    );
  }
  const findings = [
    strings.examples(file.examples),
    ...(file.duplicates > 0 ? [strings.duplicates(file.duplicates)] : []),
    ...(file.skipped > 0 ? [strings.skipped(file.skipped)] : []),
  ];
  return (
    <>
      <Text size="sm" c="dimmed">
        {findings.join(' · ')}
      </Text>
      {file.problems.map(({ line, code, message }) => (
        <Text key={line} size="xs" c="dimmed" data-code={code}>
          {strings.line(line)}
          {message}
        </Text>
      ))}
      {file.skipped > file.problems.length ? (
        <Text size="xs" c="dimmed">
          {strings.more(formatCount(file.skipped - file.problems.length))}
        </Text>
      ) : null}
    </>
  );
}

function alike(files: readonly DataFileReport[], { columns }: DataFileReport): ReadonlySet<string> {
  const named = (file: Pick<DataFileReport, 'columns'>) => JSON.stringify(file.columns.map(({ name }) => name));
  const mine = named({ columns });
  return new Set(files.filter((file) => named(file) === mine).map(({ name }) => name));
}
