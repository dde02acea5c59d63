import { Button, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { dateTime, kindSentence, strings } from '#strings/ledger.ts';
import { failureOf } from '../../contract/failure.ts';
import type { LedgerEntry } from '../../contract/ledger-api.ts';
import type { Seat } from '../../contract/run-api.ts';
import { engine, unwrap } from '../../shared/api/engine-client.ts';
import { formatCount } from '../../shared/format/format-number.ts';
import { DetailsTable } from '../../shared/ui/details-table.tsx';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { saveFile } from '../../shared/ui/save-file.ts';
import classes from './ledger.module.css';
import { fileName } from './ledger-file.ts';

const words = strings.detail;

/** A message as it went or came: its text to read, all of it to take away. */
export function MessageDetail({ seat, entry }: { readonly seat: Seat; readonly entry: LedgerEntry }) {
  const { id, at, direction, kind, bytes, round, sha256, name } = entry;
  const { data, error } = useQuery({
    queryKey: ['ledger-content', seat, id],
    queryFn: async () => unwrap(await engine().ledgerContent(seat, id)),
    gcTime: 0,
    retry: false,
  });
  const sentence = kindSentence(kind);
  return (
    <Stack gap="md">
      {sentence ? <Text size="sm">{sentence}</Text> : null}
      <DetailsTable
        rows={[
          [words.time, dateTime(at)],
          [words.direction, direction === 'up' ? strings.sent : strings.received],
          [words.round, round === null ? words.none : String(round)],
          [words.bytes, formatCount(bytes)],
          ...(name === undefined ? [] : [[words.address, name] as const]),
          [words.hash, sha256 ?? words.noHash],
        ]}
      />
      {error ? <FailureAlert failure={failureOf(error)} title={strings.failed} /> : null}
      {data ? <Content entry={entry} bytes={data.bytes} /> : error ? null : <Skeleton height={200} radius="md" />}
    </Stack>
  );
}

function Content({ entry, bytes }: { readonly entry: LedgerEntry; readonly bytes: Uint8Array<ArrayBuffer> | null }) {
  const { kind, direction, round, textBytes } = entry;
  if (!bytes) {
    const isFile = kind === 'fetch' && direction === 'down';
    return <Text size="sm">{isFile ? words.notKept : words.gone}</Text>;
  }
  const text = readable(bytes.subarray(0, textBytes));
  const save = (suffix: string, content: Uint8Array) => saveFile(fileName(kind, round, suffix), content);
  return (
    <Stack gap="sm">
      <Title order={3} size="h5">
        {words.content}
      </Title>
      {textBytes > 0 ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls by keys
        <pre className={classes.text} tabIndex={0}>
          {text}
        </pre>
      ) : null}
      {textBytes < bytes.length ? <Text size="sm">{words.binary}</Text> : null}
      <Group gap="sm">
        {textBytes > 0 ? (
          <Button size="xs" variant="default" onClick={() => save('json', new TextEncoder().encode(text))}>
            {words.saveText}
          </Button>
        ) : null}
        <Button size="xs" variant="default" onClick={() => save('bin', bytes)}>
          {words.saveBytes}
        </Button>
      </Group>
    </Stack>
  );
}

/** JSON with line breaks; other text as it is. */
function readable(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
