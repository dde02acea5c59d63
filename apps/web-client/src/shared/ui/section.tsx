import { Badge, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { createContext, type ReactNode, use, useId } from 'react';

interface SectionProps {
  readonly title: string;
  /** Its place in a sequence. */
  readonly step?: number;
  readonly lead?: ReactNode;
  /** At the right of the title. */
  readonly aside?: ReactNode;
  readonly children?: ReactNode;
}

/** Less where there is little room. */
const GAP = 'clamp(10px, 2vw, 16px)';
const PADDING = { base: 'sm', sm: 'xl' } as const;

/** One titled card of a page. */
export function Section({ title, step, lead, aside, children }: SectionProps) {
  const id = useId();
  const isFolded = use(IsFolded);
  const content = (
    <>
      {lead === undefined ? null : (
        <Text c="dimmed" fz={{ base: 'sm', sm: 'md' }} maw={720}>
          {lead}
        </Text>
      )}
      {children}
    </>
  );
  if (isFolded) {
    return (
      <Paper component="section" aria-labelledby={id} withBorder radius="lg" px={PADDING} py="sm">
        <IsFolded value={false}>
          <details>
            <summary>
              <Title order={2} fz="md" display="inline" id={id}>
                {title}
              </Title>
            </summary>
            <Stack gap={GAP} pt="sm">
              {aside}
              {content}
            </Stack>
          </details>
        </IsFolded>
      </Paper>
    );
  }
  return (
    <Paper component="section" aria-labelledby={id} withBorder radius="lg" p={PADDING}>
      <Stack gap={GAP}>
        <Group justify="space-between" align="flex-start" gap="sm">
          <Group gap="sm" wrap="nowrap">
            {step === undefined ? null : (
              <Badge circle size="lg" variant="light" aria-hidden>
                {step}
              </Badge>
            )}
            <Title order={2} size="h3" id={id}>
              {title}
            </Title>
          </Group>
          {aside}
        </Group>
        {content}
      </Stack>
    </Paper>
  );
}

const IsFolded = createContext(false);

interface FoldedSectionsProps {
  readonly isFolded: boolean;
  readonly children: ReactNode;
}

/** Each section in it is one line until somebody opens it. */
export function FoldedSections({ isFolded, children }: FoldedSectionsProps) {
  return <IsFolded value={isFolded}>{children}</IsFolded>;
}
