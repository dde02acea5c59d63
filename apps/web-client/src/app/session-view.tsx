import { Button, Tabs, Text } from '@mantine/core';
import type { FederationConfig } from '@perfit/protocol';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { welcomeBack } from '#strings/app.ts';
import { deviceLine, strings } from '#strings/session-view.ts';
import type { HeldOutExample } from '../contract/comparison-api.ts';
import type { Seat } from '../contract/run-api.ts';
import { AdapterExport } from '../features/adapter-export/adapter-export.tsx';
import { Chat } from '../features/chat/chat.tsx';
import { Improvements } from '../features/improvements/improvements.tsx';
import { Exposure } from '../features/ledger/exposure.tsx';
import { Ledger } from '../features/ledger/ledger.tsx';
import { DeviceSwitches } from '../features/session-view/device-switches.tsx';
import { JoiningAnswer } from '../features/session-view/joining-answer.tsx';
import { SessionActions } from '../features/session-view/session-actions.tsx';
import { MaskSection, MoreFigures, RoundFigures } from '../features/session-view/session-charts.tsx';
import { StatusCard } from '../features/session-view/status-card.tsx';
import { useProgressTitle } from '../features/session-view/use-progress-title.ts';
import { isDemonstration } from '../shared/federation/is-demonstration.ts';
import { useSession } from '../shared/session/session-store.ts';
import { FailureAlert } from '../shared/ui/failure-alert.tsx';
import { FoldedSections, Section } from '../shared/ui/section.tsx';
import { GoOnOrAfresh } from './go-on-or-afresh.tsx';
import { type JoinView, joinViews } from './join-search.ts';
import classes from './session-view.module.css';
import { StartOver } from './start-over.tsx';
import type { ParticipationControls } from './use-participation.ts';

interface SessionViewProps {
  readonly seat: Seat;
  /** What the federation says of itself before it lets one in; null where it says nothing. */
  readonly preview: FederationConfig | null;
  readonly controls: ParticipationControls;
  /** Which of its views is shown: the address says it. */
  readonly view: JoinView;
  /** Whether the person has just asked for it: see `StatusCard`. */
  readonly takesFocus: boolean;
}

/** A session, running or ended: its status, which stays in sight, and one of its views. */
export function SessionView({ seat, preview, controls, view, takesFocus }: SessionViewProps) {
  const session = useSession((store) => store.session);
  const config = session.federation?.config ?? preview;
  const ledger = useSession((store) => store.ledger);
  const [chosen, setChosen] = useState<HeldOutExample | null>(null);
  // As it was opened: turning a phone closes nothing.
  const [isNarrow] = useState(() => matchMedia('(max-width: 48em)').matches);
  const navigate = useNavigate({ from: '/join/$federation' });
  useProgressTitle(session);
  const { participation } = controls;
  const isRunning = participation.kind === 'running';
  const isUnderWay = isRunning && session.endedAt === null;
  const stands = isRunning || participation.kind === 'ended' ? participation : null;
  const { activity, models } = session;
  const isWorking = isRunning && session.phase !== 'finished' && session.pause !== 'held';
  const show = (next: JoinView, resetScroll: boolean) =>
    void navigate({ search: (now) => ({ ...now, view: next === 'result' ? undefined : next }), resetScroll });
  const exportFirst = models.personal ? () => show('export', true) : null;
  return (
    <>
      {stands && stands.round !== null ? (
        <Text size="sm" c="dimmed">
          {welcomeBack(stands.round)}
        </Text>
      ) : null}
      <Tabs
        value={view}
        onChange={(next) => {
          setChosen(null);
          show(next as JoinView, true);
        }}
        // Each view is a step back in the tab's history: arrows look, Enter goes there.
        activateTabWithKeyboard={false}
        // Chat, comparison and export go on while another view is shown; so do the switches' screen and notice.
        keepMounted={false}
        keepMountedMode="display-none"
      >
        <div className={classes.head} data-testid="head">
          <div className={classes.card}>
            <StatusCard
              session={session}
              isRunning={isRunning}
              takesFocus={takesFocus}
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
                ) : null
              }
            />
            <Tabs.List aria-label={strings.views} className={classes.tabs}>
              {joinViews.map((one) => (
                <Tabs.Tab key={one} value={one} className={classes.tab}>
                  {strings.view[one]}
                </Tabs.Tab>
              ))}
            </Tabs.List>
          </div>
        </div>
        {activity.kind === 'failed' ? (
          <div className={classes.failure}>
            <FailureAlert failure={activity.error}>
              <GoOnOrAfresh controls={controls} exportFirst={exportFirst} />
            </FailureAlert>
          </div>
        ) : null}
        <Panel of="result">
          <JoiningAnswer session={session} isRunning={isUnderWay} onCompare={() => controls.setCompared(true)} />
          {session.rounds.length > 0 ? <RoundFigures session={session} /> : <Later>{strings.resultLater}</Later>}
          {session.losses.length > 0 ? <MoreFigures session={session} /> : null}
          {models.personal ? (
            <FoldedSections isFolded={isNarrow}>
              <Improvements
                module={models.personal}
                working={isWorking}
                onTry={(example) => {
                  setChosen({ ...example });
                  show('chat', false);
                }}
              />
            </FoldedSections>
          ) : null}
        </Panel>
        <Panel of="chat">
          {models.base ? (
            <Chat
              ready={{ base: models.base, personal: models.personal !== null }}
              working={isWorking}
              isDemonstration={isDemonstration(config?.model ?? '')}
              hasExamples
              chosen={view === 'chat' ? chosen : null}
            />
          ) : (
            <Later>{strings.chatLater}</Later>
          )}
        </Panel>
        <Panel of="export">
          <AdapterExport ready={models.personal !== null} />
        </Panel>
        <Tabs.Panel value="ledger">
          <div className={classes.panel}>
            <Ledger seat={seat} entries={ledger} />
            <Exposure config={config} />
          </div>
        </Tabs.Panel>
        <Panel of="settings">
          <Section title={strings.thisDevice} lead={deviceLine(session)}>
            {stands?.isReopened ? null : (
              <DeviceSwitches session={session} isRunning={isRunning} onCompare={controls.setCompared} />
            )}
          </Section>
          <MaskSection session={session} />
          {isUnderWay ? (
            <Section title={strings.startOver} lead={strings.startOverHint}>
              <div>
                <StartOver size="xs" variant="default" controls={controls} exportFirst={exportFirst} />
              </div>
            </Section>
          ) : null}
        </Panel>
      </Tabs>
    </>
  );
}

function Panel({ of, children }: { readonly of: JoinView; readonly children: ReactNode }) {
  return (
    <Tabs.Panel value={of} keepMounted>
      <div className={classes.panel}>{children}</div>
    </Tabs.Panel>
  );
}

/** In place of what there is nothing of yet. */
function Later({ children }: { readonly children: string }) {
  return (
    <Text c="dimmed" p="md">
      {children}
    </Text>
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
      {strings.takeBack}
    </Button>
  );
}
