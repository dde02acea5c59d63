import { Alert, Button, SimpleGrid, Stack, Text } from '@mantine/core';
import { parameterCount, strings } from '#strings/models.ts';
import { precisionNames } from '#strings/precisions.ts';
import type { OpenedModel } from '../../contract/models-api.ts';
import { formatCount } from '../../shared/format/format-number.ts';
import { Fact } from '../../shared/ui/fact.tsx';
import { Section } from '../../shared/ui/section.tsx';

const words = strings.opened;

interface OpenedProps {
  readonly model: OpenedModel;
  readonly onClose: () => void;
}

/** What is known of the open model. */
export function Opened({ model, onClose }: OpenedProps) {
  const { name, revision, modelType, parameters, contextLength, precision, backend, kept, notes, notice } = model;
  return (
    <Section
      title={name}
      aside={
        <Button size="xs" variant="default" onClick={onClose}>
          {words.close}
        </Button>
      }
    >
      <Stack gap="md" data-testid="opened-model">
        <SimpleGrid cols={{ base: 2, sm: 3, md: 6 }} spacing="lg">
          <Fact label={words.type} value={modelType} />
          <Fact label={words.parameters} value={parameterCount(parameters)} note={formatCount(parameters)} />
          <Fact label={words.weights} value={precisionNames[precision]} note={strings.device.backends[backend]} />
          <Fact label={words.context} value={formatCount(contextLength)} note={words.tokens} />
          <Fact label={words.revision} value={revision.slice(0, 10)} />
          <Fact
            label={words.kept}
            value={kept ? words.yes : words.no}
            note={kept ? words.keptNote : words.notKeptNote}
          />
        </SimpleGrid>
        {notes.map((note) => (
          <Text key={note} size="sm" c="dimmed">
            {note}
          </Text>
        ))}
        {notice ? (
          <Alert color="yellow" variant="light" title={words.notKept} data-code={notice.code}>
            {notice.message}
          </Alert>
        ) : null}
      </Stack>
    </Section>
  );
}
