import { SimpleGrid, Text } from '@mantine/core';
import { heldOut, strings, tokensASecond } from '#strings/session-view.ts';
import type { SessionState } from '../../contract/session/session-state.ts';
import { formatBytes, formatCount } from '../../shared/format/format-number.ts';
import { describeModule } from '../../shared/session/describe-module.ts';
import { Fact } from '../../shared/ui/fact.tsx';
import { Section } from '../../shared/ui/section.tsx';
import { BytesChart } from './bytes-chart.tsx';
import { LossChart } from './loss-chart.tsx';
import { MaskMap } from './mask-map.tsx';
import { PerplexityChart } from './perplexity-chart.tsx';
import { RoundTimeline } from './round-timeline.tsx';

/** The figures of a session: perplexity, loss, mask, bytes. All have their room from the start. */
export function SessionCharts({ session }: { readonly session: SessionState }) {
  return (
    <>
      <Section title={strings.perplexity} lead={strings.perplexityLead}>
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl">
          <PerplexityChart session={session} />
          <RoundTimeline session={session} />
        </SimpleGrid>
        <ModuleNote session={session} />
      </Section>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
        <Section title={strings.loss} lead={strings.lossLead}>
          <LossChart losses={session.losses} />
        </Section>
        <Section title={strings.mask} lead={strings.maskLead}>
          <MaskMap session={session} />
        </Section>
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
        <Section title={strings.bytes} lead={strings.bytesLead}>
          <BytesChart session={session} />
        </Section>
        <Section title={strings.figures}>
          <Figures session={session} />
        </Section>
      </SimpleGrid>
    </>
  );
}

/** The last round is not always what the person is left with. */
function ModuleNote({ session }: { readonly session: SessionState }) {
  const fallback = session.models.personal ? strings.lastModule : strings.noModule;
  return (
    <Text size="sm" c="dimmed" mih={{ base: '6.2em', xs: '4.65em', sm: '3.1em' }} data-testid="module">
      {describeModule(session) ?? fallback}
    </Text>
  );
}

function Figures({ session }: { readonly session: SessionState }) {
  const { examples, backend, device, tokensPerSecond } = session;
  const { figure, unknown } = strings;
  return (
    <SimpleGrid cols={2} spacing="lg" verticalSpacing="xl">
      <Fact label={figure.sent} value={formatBytes(session.bytesUp)} note={figure.sentNote} />
      <Fact label={figure.received} value={formatBytes(session.bytesDown)} note={figure.receivedNote} />
      <Fact
        label={figure.examples}
        value={examples ? formatCount(examples.training) : unknown}
        note={examples ? heldOut(examples.heldOut) : unknown}
      />
      <Fact label={strings.facts.speed} value={tokensASecond(tokensPerSecond)} note={strings.tuning} />
      <Fact
        label={figure.device}
        value={backend ? strings.backends[backend] : unknown}
        note={device?.description ?? unknown}
      />
    </SimpleGrid>
  );
}
