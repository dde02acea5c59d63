import { Button, Group, Text } from '@mantine/core';
import { useState } from 'react';
import { engine, unwrap } from '../../shared/engine-client/engine-client.ts';
import { type Failure, failureOf } from '../../shared/failure/failure.ts';
import { saveFile } from '../../shared/files/save-file.ts';
import { formatBytes } from '../../shared/format/format-number.ts';
import { FailureAlert } from '../../shared/notices/failure-alert.tsx';
import { Section } from '../../shared/ui/section.tsx';

/** [PF9] The personal model as files. */
export function AdapterExport({ ready }: { readonly ready: boolean }) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [saved, setSaved] = useState<string | null>(null);
  const save = async () => {
    setBusy(true);
    setFailure(null);
    try {
      const files = unwrap(await engine().exportAdapter());
      for (const { name, bytes } of files) saveFile(name, bytes);
      setSaved(files.map(({ name, bytes }) => `${name} (${formatBytes(bytes.length)})`).join(' and '));
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Section
      title="Take your model with you"
      lead="Your personal adapter as a PEFT folder: two files that Hugging Face's PEFT loads on top of the same base model."
    >
      <Group gap="md">
        <Button onClick={() => void save()} loading={busy} disabled={!ready}>
          Export adapter
        </Button>
        <Text size="sm" c="dimmed" aria-live="polite">
          {ready ? (saved ?? '') : 'It can be downloaded after the first tuning.'}
        </Text>
      </Group>
      {failure ? <FailureAlert failure={failure} title="The adapter could not be written" /> : null}
    </Section>
  );
}
