import { Button, Group, Paper, SimpleGrid, Skeleton, Stack, Text } from '@mantine/core';
import type { ModelList } from '@perfit/protocol';
import { useQuery } from '@tanstack/react-query';
import { actOn, labelled, strings } from '#strings/models.ts';
import { failureOf } from '../../contract/failure.ts';
import type { ModelOrigin } from '../../contract/models-api.ts';
import { modelListQuery } from '../../shared/api/models.ts';
import { formatBytes } from '../../shared/format/format-number.ts';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { NeedsLines } from './needs-lines.tsx';
import { needsAt, type PrecisionWish } from './precision.ts';
import { mirroredNeedsQuery } from './queries.ts';

const words = strings.other;

interface FromMirrorProps {
  readonly precision: PrecisionWish;
  readonly busy: boolean;
  readonly onOpen: (origin: ModelOrigin) => void;
}

/** The models in the coordinator's folder. */
export function FromMirror({ precision, busy, onOpen }: FromMirrorProps) {
  const { data, error } = useQuery(modelListQuery);
  if (error) return <FailureAlert failure={failureOf(error)} title={words.listFailed} />;
  if (!data) return <Skeleton height={60} radius="md" />;
  if (data.models.length === 0) return <Text c="dimmed">{words.none}</Text>;
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {words.mirrorLead}
      </Text>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="md">
        {data.models.map((model) => (
          <Mirrored
            key={model.id}
            model={model}
            precision={precision}
            busy={busy}
            onOpen={() => onOpen({ kind: 'mirror', id: model.id })}
          />
        ))}
      </SimpleGrid>
    </Stack>
  );
}

interface MirroredProps {
  readonly model: ModelList['models'][number];
  readonly precision: PrecisionWish;
  readonly busy: boolean;
  readonly onOpen: () => void;
}

function Mirrored({ model, precision, busy, onOpen }: MirroredProps) {
  const { id, bytes, modelType, problem } = model;
  // What the coordinator cannot read, this page need not ask for.
  const { data, error } = useQuery({ ...mirroredNeedsQuery(id), enabled: problem === null });
  const refusal = problem ?? (error ? failureOf(error).message : null);
  return (
    <Paper withBorder radius="md" p="md" data-testid={`mirrored-${id}`}>
      <Stack gap="xs" h="100%">
        <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
          {id}
        </Text>
        <Text size="sm" c="dimmed">
          {[modelType, formatBytes(bytes)].filter(Boolean).join(' · ')}
        </Text>
        {data ? <NeedsLines needs={needsAt(data, precision)} /> : null}
        {refusal ? (
          <Text size="sm" c="red">
            {labelled(words.cannotOpen, refusal)}
          </Text>
        ) : null}
        <Group mt="auto">
          <Button size="xs" disabled={busy || refusal !== null} aria-label={actOn(words.open, id)} onClick={onOpen}>
            {words.open}
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}
