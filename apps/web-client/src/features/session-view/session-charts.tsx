import { SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { heldOut, strings, tokensASecond } from '#strings/session-view.ts';
import type { SessionState } from '../../contract/session/session-state.ts';
import { formatBytes, formatCount } from '../../shared/format/format-number.ts';
import { describeModule } from '../../shared/session/describe-module.ts';
import { Fact } from '../../shared/ui/fact.tsx';
import { Fold } from '../../shared/ui/fold.tsx';
import { Section } from '../../shared/ui/section.tsx';
import { BytesChart } from './bytes-chart.tsx';
import { LossChart } from './loss-chart.tsx';
import { MaskMap } from './mask-map.tsx';
import { PerplexityChart } from './perplexity-chart.tsx';
import { RoundTimeline } from './round-timeline.tsx';

/** Whether it gets better, round by round. */
export function RoundFigures({ session }: { readonly session: SessionState }) {
  const isNarrow = useMediaQuery('(max-width: 48em)', false, { getInitialValueInEffect: false });
  return (
    <Section title={strings.perplexity} lead={strings.perplexityLead}>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl">
        <PerplexityChart session={session} height={isNarrow ? 180 : 220} />
        {isNarrow ? (
          <details>
            <summary>{strings.rounds}</summary>
            <RoundTimeline session={session} isTitled={false} />
          </details>
        ) : (
          <RoundTimeline session={session} />
        )}
      </SimpleGrid>
      {session.conclusion ? null : <ModuleNote session={session} />}
    </Section>
  );
}

/** What few look at: loss, bytes, and numbers. */
export function MoreFigures({ session }: { readonly session: SessionState }) {
  return (
    <Fold title={strings.moreFigures}>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl">
        <Part title={strings.loss} lead={strings.lossLead}>
          <LossChart losses={session.losses} />
        </Part>
        <Part title={strings.bytes} lead={strings.bytesLead}>
          <BytesChart session={session} />
        </Part>
      </SimpleGrid>
      <Figures session={session} />
    </Fold>
  );
}

/** What the search chose; nothing before. */
export function MaskSection({ session }: { readonly session: SessionState }) {
  if (session.kept === null) return null;
  return (
    <Section title={strings.mask} lead={strings.maskLead}>
      <MaskMap session={session} />
    </Section>
  );
}

interface PartProps {
  readonly title: string;
  readonly lead: string;
  readonly children: ReactNode;
}

function Part({ title, lead, children }: PartProps) {
  return (
    <Stack gap="sm">
      <Title order={3} size="h5">
        {title}
      </Title>
      <Text size="sm" c="dimmed">
        {lead}
      </Text>
      {children}
    </Stack>
  );
}

/** The last round is not always what the person is left with. At the end the answer on joining says it. */
function ModuleNote({ session }: { readonly session: SessionState }) {
  const fallback = session.models.personal ? strings.lastModule : strings.noModule;
  return (
    <Text size="sm" c="dimmed" mih={{ base: '4.65em', sm: '3.1em' }} data-testid="module">
      {describeModule(session) ?? fallback}
    </Text>
  );
}

function Figures({ session }: { readonly session: SessionState }) {
  const { examples, backend, device, tokensPerSecond } = session;
  const { figure, unknown } = strings;
  return (
    <SimpleGrid cols={{ base: 2, sm: 5 }} spacing="lg">
      <Fact label={figure.sent} value={formatBytes(session.bytesUp)} note={figure.sentNote} />
      <Fact label={figure.received} value={formatBytes(session.bytesDown)} note={figure.receivedNote} />
      <Fact
        label={figure.examples}
        value={examples ? formatCount(examples.training) : unknown}
        note={examples ? heldOut(examples.heldOut) : unknown}
      />
      <Fact label={strings.speed} value={tokensASecond(tokensPerSecond)} note={strings.tuning} />
      <Fact
        label={figure.device}
        value={backend ? strings.backends[backend] : unknown}
        note={device?.description ?? unknown}
      />
    </SimpleGrid>
  );
}
