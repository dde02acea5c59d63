import { Button, Group, NativeSelect, Stack, Text } from '@mantine/core';
import type { FederationDetail } from '@perfit/protocol';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { downloadStrings } from '#strings/operator.ts';
import { failureOf } from '../../contract/failure.ts';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { saveBlob } from '../../shared/ui/save-file.ts';
import { peftFiles } from './admin-api.ts';

const words = downloadStrings.adapter;

/** [PF9] What everybody has tuned together, after any committed round; the latest unless another one is chosen. */
export function AdapterDownload({ detail }: { readonly detail: FederationDetail }) {
  const latest = detail.status.version;
  const [chosen, setChosen] = useState<number | null>(null);
  const download = useMutation({
    mutationFn: () => peftFiles(detail, chosen ?? latest),
    onSuccess: (files) => {
      for (const file of files) saveBlob(file.name, file);
    },
  });
  if (latest === 0) {
    return (
      <Text size="sm" c="dimmed">
        {words.none}
      </Text>
    );
  }
  return (
    <Stack gap="xs">
      <Group gap="sm" align="flex-end">
        <NativeSelect
          size="xs"
          label={words.round}
          value={chosen ?? latest}
          data={Array.from({ length: latest }, (_, i) => String(latest - i))}
          onChange={({ currentTarget: { value } }) => setChosen(Number(value) === latest ? null : Number(value))}
        />
        <Button size="xs" variant="default" loading={download.isPending} onClick={() => download.mutate()}>
          {words.button}
        </Button>
      </Group>
      {download.error ? <FailureAlert failure={failureOf(download.error)} /> : null}
      {download.isSuccess ? (
        <Text size="sm" c="dimmed" role="status">
          {words.saved}
        </Text>
      ) : null}
    </Stack>
  );
}
