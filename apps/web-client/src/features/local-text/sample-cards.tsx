import { Paper, SimpleGrid, Stack, Text, UnstyledButton, VisuallyHidden } from '@mantine/core';
import { strings } from '#strings/local-text.ts';
import classes from './local-text.module.css';
import { type SampleText, sampleTexts } from './sample-texts.ts';

/** Texts to try at once, each with a sentence on whose it is. */
export function SampleCards({ onSample }: { readonly onSample: (sample: SampleText) => void }) {
  return (
    <Stack gap={4} mt="md">
      <Text component="h3" fw={600} m={0}>
        {strings.sampleTitle}
      </Text>
      <Text size="sm" c="dimmed">
        {strings.sampleLead}
      </Text>
      <SimpleGrid cols={{ base: 2, md: 4 }} spacing="xs" mt={4}>
        {sampleTexts.map((sample) => (
          <UnstyledButton key={sample.name} className={classes.sample} onClick={() => onSample(sample)}>
            <Paper withBorder className={classes.card} h="100%">
              <Text fw={600} size="sm">
                <VisuallyHidden>{strings.useSample} </VisuallyHidden>
                {sample.title}
              </Text>
              <Text size="sm" c="dimmed" mt={4} visibleFrom="xs">
                {sample.text}
              </Text>
            </Paper>
          </UnstyledButton>
        ))}
      </SimpleGrid>
    </Stack>
  );
}
