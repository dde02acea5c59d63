import { Anchor, Button, Group, Stack } from '@mantine/core';
import type { FederationDetail } from '@perfit/protocol';
import { useMutation } from '@tanstack/react-query';
import { downloadStrings as words } from '#strings/operator.ts';
import { failureOf } from '../../contract/failure.ts';
import { admin } from '../../shared/api/admin.ts';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { saveFile } from '../../shared/ui/save-file.ts';
import { AdapterDownload } from './adapter-download.tsx';
import { allEvents } from './admin-api.ts';

/** What came out, to keep or to compute with. */
export function Downloads({ detail }: { readonly detail: FederationDetail }) {
  const log = useMutation({
    mutationFn: () => allEvents(detail.id),
    onSuccess: (events) => saveJson(`${detail.id}-events.json`, events),
  });
  return (
    <Stack gap="sm">
      <Group gap="sm">
        <Anchor href={admin.csvPath(detail.id)} download size="sm">
          {words.csv}
        </Anchor>
        <Button
          size="xs"
          variant="default"
          onClick={() => saveJson(`${detail.id}-results.json`, { config: detail.config, rounds: detail.rounds })}
        >
          {words.json}
        </Button>
        <Button size="xs" variant="default" loading={log.isPending} onClick={() => log.mutate()}>
          {words.events}
        </Button>
      </Group>
      {log.error ? <FailureAlert failure={failureOf(log.error)} /> : null}
      <AdapterDownload detail={detail} />
    </Stack>
  );
}

function saveJson(name: string, content: unknown): void {
  saveFile(name, new TextEncoder().encode(`${JSON.stringify(content, null, 2)}\n`), 'application/json');
}
