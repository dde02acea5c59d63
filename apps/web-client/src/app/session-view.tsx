import { Button, Group, Paper, Text } from '@mantine/core';
import { useState } from 'react';
import { strings, welcomeBack } from '#strings/app.ts';
import type { HeldOutExample } from '../engine/comparison-api.ts';
import { AdapterExport } from '../features/adapter-export/adapter-export.tsx';
import { Chat } from '../features/chat/chat.tsx';
import { Improvements } from '../features/improvements/improvements.tsx';
import { Ledger } from '../features/ledger/ledger.tsx';
import { SessionCharts } from '../features/session-view/session-charts.tsx';
import { StatusCard } from '../features/session-view/status-card.tsx';
import { isDemonstration } from '../shared/models/is-demonstration.ts';
import { FailureAlert } from '../shared/notices/failure-alert.tsx';
import { useSession } from '../shared/session/session-store.ts';
import { GoOnOrAfresh } from './go-on-or-afresh.tsx';
import type { ParticipationControls } from './use-participation.ts';

/** A session, running or ended. */
export function SessionView({ controls }: { readonly controls: ParticipationControls }) {
  const session = useSession((store) => store.session);
  const ledger = useSession((store) => store.ledger);
  const [chosen, setChosen] = useState<HeldOutExample | null>(null);
  const { participation } = controls;
  const isRunning = participation.kind === 'running';
  const { activity } = session;
  const isWorking = isRunning && session.phase !== 'finished';
  const result = [
    <Chat
      key="chat"
      ready={{ base: session.models.base, personal: session.models.personal !== null }}
      working={isWorking}
      isDemonstration={isDemonstration(session.federation?.config.model ?? '')}
      hasExamples
      chosen={chosen}
    />,
    <Improvements
      key="improvements"
      module={session.models.personal}
      working={isWorking}
      onTry={(example) => setChosen({ ...example })}
    />,
    <AdapterExport key="export" ready={session.models.personal !== null} />,
  ];
  const figures = <SessionCharts key="figures" session={session} />;
  // While it works, the figures are of interest; at the end, what came of it.
  const parts = session.phase === 'finished' ? [...result, figures] : [figures, ...result];
  return (
    <>
      {isRunning && participation.round !== null ? (
        <Paper withBorder radius="lg" p="sm" px="lg">
          <Group justify="space-between" gap="sm">
            <Text fw={500}>{welcomeBack(participation.round)}</Text>
            <Button size="xs" variant="subtle" onClick={controls.startAfresh}>
              {strings.join.afresh}
            </Button>
          </Group>
        </Paper>
      ) : null}
      <StatusCard session={session} canLeave={isRunning} onLeave={controls.leave}>
        {!isRunning && activity.kind === 'left' ? <GoOnOrAfresh controls={controls} /> : null}
      </StatusCard>
      {activity.kind === 'failed' ? (
        <FailureAlert failure={activity.error}>
          <GoOnOrAfresh controls={controls} />
        </FailureAlert>
      ) : null}
      {parts}
      <Ledger entries={ledger} />
    </>
  );
}
