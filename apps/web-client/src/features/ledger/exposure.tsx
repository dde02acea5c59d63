import { SimpleGrid, Stack, Text, Title } from '@mantine/core';
import type { FederationConfig } from '@perfit/protocol';
import { bounds, rounding, strings } from '#strings/exposure.ts';
import { Section } from '../../shared/ui/section.tsx';
import classes from './ledger.module.css';

/** What an adversary could learn from the ledger, what protects, and what does not. @param config null before it is known */
export function Exposure({ config }: { readonly config: FederationConfig | null }) {
  const isSecure = location.protocol === 'https:';
  const { protects, opens } = strings;
  return (
    <Section title={strings.title} lead={strings.lead}>
      <Text size="sm" fw={500}>
        {strings.advice}
      </Text>
      <details>
        <summary>{strings.details}</summary>
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl" verticalSpacing="lg" mt="sm">
          <Stack gap="xs">
            <Title order={3} size="h5">
              {strings.learn}
            </Title>
            {[...strings.learnt, strings.shared].map(({ title, text }) => (
              <Text key={title} size="sm">
                <b>{`${title}.`}</b> {text}
              </Text>
            ))}
            <Text size="sm">{strings.others}</Text>
          </Stack>
          <Stack gap="lg">
            <Points
              title={strings.protect}
              points={[
                protects.stays,
                protects.steps,
                ...(config ? [bounds(config.tuning.clipNorm, config.maxDeltaNorm), rounding(config.wire.dtype)] : []),
                protects.account,
                ...(isSecure ? [protects.secure] : []),
              ]}
            />
            <Points
              title={strings.open}
              points={[
                opens.aggregation,
                opens.noise,
                opens.operator,
                opens.result,
                ...(isSecure ? [] : [opens.plain]),
              ]}
            />
          </Stack>
        </SimpleGrid>
        <Text size="xs" c="dimmed" mt="md">
          {strings.sources}
        </Text>
      </details>
    </Section>
  );
}

function Points({ title, points }: { readonly title: string; readonly points: readonly string[] }) {
  return (
    <div>
      <Title order={3} size="h5" mb="xs">
        {title}
      </Title>
      <ul className={classes.learn}>
        {points.map((point) => (
          <li key={point}>
            <Text size="sm">{point}</Text>
          </li>
        ))}
      </ul>
    </div>
  );
}
