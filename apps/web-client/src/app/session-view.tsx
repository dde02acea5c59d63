import { Box, Button, Group, Paper, Text } from '@mantine/core';
import type { FederationConfig } from '@perfit/protocol';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { welcomeBack } from '#strings/app.ts';
import { strings as sessionStrings } from '#strings/session-view.ts';
import type { HeldOutExample } from '../contract/comparison-api.ts';
import type { Seat } from '../contract/run-api.ts';
import { AdapterExport } from '../features/adapter-export/adapter-export.tsx';
import { Chat } from '../features/chat/chat.tsx';
import { Improvements } from '../features/improvements/improvements.tsx';
import { Exposure } from '../features/ledger/exposure.tsx';
import { Ledger } from '../features/ledger/ledger.tsx';
import { DeviceSwitches } from '../features/session-view/device-switches.tsx';
import { JoiningAnswer } from '../features/session-view/joining-answer.tsx';
import { FinishedActions, SessionActions } from '../features/session-view/session-actions.tsx';
import { SessionCharts } from '../features/session-view/session-charts.tsx';
import { StatusCard } from '../features/session-view/status-card.tsx';
import { useProgressTitle } from '../features/session-view/use-progress-title.ts';
import { isDemonstration } from '../shared/federation/is-demonstration.ts';
import { useSession } from '../shared/session/session-store.ts';
import { FailureAlert } from '../shared/ui/failure-alert.tsx';
import { GoOnOrAfresh } from './go-on-or-afresh.tsx';
import { StartOver } from './start-over.tsx';
import type { ParticipationControls } from './use-participation.ts';

interface SessionViewProps {
  readonly seat: Seat;
  /** What the federation says of itself before it lets one in; null where it says nothing. */
  readonly preview: FederationConfig | null;
  readonly controls: ParticipationControls;
}

/** A session, running or ended. */
export function SessionView({ seat, preview, controls }: SessionViewProps) {
  const session = useSession((store) => store.session);
  const config = session.federation?.config ?? preview;
  const ledger = useSession((store) => store.ledger);
  const [chosen, setChosen] = useState<HeldOutExample | null>(null);
  const navigate = useNavigate();
  useProgressTitle(session);
  const { participation } = controls;
  const isRunning = participation.kind === 'running';
  const isUnderWay = isRunning && session.endedAt === null;
  const stands = isRunning || participation.kind === 'ended' ? participation : null;
  const { activity } = session;
  const isWorking = isRunning && session.phase !== 'finished' && session.pause !== 'held';
  const exportFirst = session.models.personal ? () => document.getElementById('take-home')?.scrollIntoView() : null;
  const result = [
    <Box key="chat" id="chat">
      <Chat
        ready={{ base: session.models.base, personal: session.models.personal !== null }}
        working={isWorking}
        isDemonstration={isDemonstration(config?.model ?? '')}
        hasExamples
        chosen={chosen}
      />
    </Box>,
    <Improvements
      key="improvements"
      module={session.models.personal}
      working={isWorking}
      onTry={(example) => setChosen({ ...example })}
    />,
    <Box key="export" id="take-home">
      <AdapterExport ready={session.models.personal !== null} />
    </Box>,
  ];
  const figures = <SessionCharts key="figures" session={session} />;
  const answer = (
    <JoiningAnswer session={session} isRunning={isUnderWay} onCompare={() => controls.setCompared(true)} />
  );
  // Who comes back to a finished one wants what came of it; one that ends under one's eyes keeps its order.
  const parts = stands?.isReopened ? [...result, figures] : [figures, ...result];
  return (
    <>
      {stands && stands.round !== null ? (
        <Paper withBorder radius="lg" p="sm" px="lg">
          {/* As high as its button: nothing below moves when another tab takes over, and it goes. */}
          <Group justify="space-between" gap="sm" mih={30}>
            <Text fw={500}>{welcomeBack(stands.round)}</Text>
            {isUnderWay ? <StartOver size="xs" variant="subtle" controls={controls} exportFirst={exportFirst} /> : null}
          </Group>
        </Paper>
      ) : null}
      <StatusCard
        session={session}
        isRunning={isRunning}
        actions={
          isUnderWay ? (
            <SessionActions
              session={session}
              onPause={controls.setPaused}
              onStop={controls.stop}
              onLeave={() => {
                void controls.leave().then(() => navigate({ to: '/' }));
              }}
            />
          ) : activity.kind === 'left' ? (
            <WayBack controls={controls} exportFirst={exportFirst} isReplaced={activity.reason === 'replaced'} />
          ) : session.models.personal ? (
            <FinishedActions chat="chat" takeHome="take-home" />
          ) : null
        }
      >
        {stands?.isReopened ? null : (
          <DeviceSwitches session={session} isRunning={isRunning} onCompare={controls.setCompared} />
        )}
      </StatusCard>
      {activity.kind === 'failed' ? (
        <FailureAlert failure={activity.error}>
          <GoOnOrAfresh controls={controls} exportFirst={exportFirst} />
        </FailureAlert>
      ) : null}
      {answer}
      {parts}
      <Ledger seat={seat} entries={ledger} />
      <Exposure config={config} />
    </>
  );
}

interface WayBackProps {
  readonly controls: ParticipationControls;
  readonly exportFirst: (() => void) | null;
  readonly isReplaced: boolean;
}

/** After a stop the person goes on or begins anew; after another tab took over it is taken back. */
function WayBack({ controls, exportFirst, isReplaced }: WayBackProps) {
  if (!isReplaced) return <GoOnOrAfresh controls={controls} exportFirst={exportFirst} />;
  return (
    <Button size="xs" onClick={() => controls.resume(true)} style={{ flexShrink: 0 }}>
      {sessionStrings.takeBack}
    </Button>
  );
}
