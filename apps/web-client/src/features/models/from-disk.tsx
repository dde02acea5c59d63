import { Button, FileButton, Group, Paper, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { actOn, adviceFor, chosenFiles, strings } from '#strings/models.ts';
import type { ModelNeeds } from '../../contract/catalogue-api.ts';
import { type Failure, failureOf } from '../../contract/failure.ts';
import type { ModelOrigin } from '../../contract/models-api.ts';
import { engine, unwrap } from '../../shared/api/engine-client.ts';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { NeedsLines } from './needs-lines.tsx';
import { needsAt, type PrecisionWish } from './precision.ts';

const words = strings.other;

/** What was chosen, and what it says it needs. */
interface Chosen {
  readonly name: string;
  readonly files: readonly File[];
  readonly needs: ModelNeeds;
}

interface FromDiskProps {
  readonly precision: PrecisionWish;
  readonly busy: boolean;
  readonly onOpen: (origin: ModelOrigin) => void;
}

/** A model's folder, the files of one, or a GGUF file; looked at before anything large is read. */
export function FromDisk({ precision, busy, onOpen }: FromDiskProps) {
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);

  const take = async (files: readonly File[]) => {
    if (files.length === 0) return;
    setChosen(null);
    setFailure(null);
    try {
      const own = topFolder(files);
      const needs = unwrap(await engine().assess({ files: own }));
      setChosen({ name: nameOf(own), files: own, needs });
    } catch (error) {
      setFailure(failureOf(error));
    }
  };
  return (
    <Stack gap="md">
      <Text size="sm" c="dimmed" maw={720}>
        {words.diskLead}
      </Text>
      <Group gap="sm">
        <FileButton
          multiple
          onChange={(files) => void take(files)}
          inputProps={{ webkitdirectory: '', 'data-testid': 'model-folder' } as object}
        >
          {(props) => (
            <Button {...props} variant="default">
              {words.folder}
            </Button>
          )}
        </FileButton>
        <FileButton
          multiple
          onChange={(files) => void take(files)}
          inputProps={{ 'data-testid': 'model-files' } as object}
        >
          {(props) => (
            <Button {...props} variant="default">
              {words.files}
            </Button>
          )}
        </FileButton>
      </Group>
      <div aria-live="polite">
        {chosen ? (
          <Paper withBorder radius="md" p="md" maw={420}>
            <Stack gap="xs">
              <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
                {chosen.name}
              </Text>
              <Text size="sm" c="dimmed">
                {chosenFiles(chosen.needs.modelType, chosen.files.length, sizeOf(chosen.files))}
              </Text>
              <NeedsLines needs={needsAt(chosen.needs, precision)} />
              <Group>
                <Button
                  size="xs"
                  disabled={busy}
                  aria-label={actOn(words.open, chosen.name)}
                  onClick={() => onOpen({ kind: 'files', name: chosen.name, files: chosen.files })}
                >
                  {words.open}
                </Button>
              </Group>
            </Stack>
          </Paper>
        ) : null}
      </div>
      {failure ? (
        <FailureAlert failure={failure} title={words.cannotOpen}>
          {adviceFor(failure.code) ? <Text size="sm">{adviceFor(failure.code)}</Text> : null}
        </FailureAlert>
      ) : null}
    </Stack>
  );
}

/** What lies directly in the folder: a model's folder may have others inside, with other formats of the same. */
function topFolder(files: readonly File[]): readonly File[] {
  return files.filter(({ webkitRelativePath: path }) => path.split('/').length <= 2);
}

/** Its folder's, or that of the one file that it is. */
function nameOf(files: readonly File[]): string {
  const [first, ...more] = files as [File, ...File[]];
  const folder = first.webkitRelativePath.split('/').slice(0, -1).at(-1);
  return folder ?? (more.length === 0 ? first.name.replace(/\.gguf$/i, '') : words.chosen);
}

function sizeOf(files: readonly File[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}
