import type { FederationSummary } from '@perfit/protocol';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { strings } from '#strings/join.ts';
import { consentSentences } from '#strings/start-form.ts';
import type { TokenReport } from '../contract/data-api.ts';
import { type Failure, failureOf } from '../contract/failure.ts';
import type { DeviceProbe } from '../contract/probe-api.ts';
import type { Seat } from '../contract/run-api.ts';
import { AboutFederation, type Computing } from '../features/about-federation/about-federation.tsx';
import { DeviceCheck } from '../features/device-check/device-check.tsx';
import { LocalText } from '../features/local-text/local-text.tsx';
import type { Dataset } from '../features/local-text/use-local-text.ts';
import { type StartChoices, StartForm } from '../features/start-form/start-form.tsx';
import { engine, unwrap } from '../shared/api/engine-client.ts';
import { probeQuery } from '../shared/api/probe-query.ts';
import { hasBudget, maxDensityFor } from '../shared/federation/budget.ts';
import { isOver } from '../shared/federation/federation-state.ts';
import { recordConsent } from '../shared/federation/record-consent.ts';
import { type TextSize, tuningTime } from '../shared/federation/tuning-time.ts';
import { FailureAlert } from '../shared/ui/failure-alert.tsx';
import { PageLink } from '../shared/ui/links.tsx';
import type { JoinSearch } from './join-search.ts';
import type { ParticipationControls } from './use-participation.ts';

interface JoinSetupProps {
  readonly seat: Seat;
  readonly federation: FederationSummary;
  readonly search: JoinSearch;
  readonly invite: string;
  readonly controls: ParticipationControls;
}

/** A device that is slower is not given twice the work unasked: it is offered the comparison at the end. */
const QUICK_ROUND_SECONDS = 120;

/** Everything before the start: what it is, a text, the device, and what the person agrees to. */
export function JoinSetup({ seat, federation, search, invite, controls }: JoinSetupProps) {
  const { config, status } = federation;
  const [dataset, setDataset] = useState<Dataset | null>(null);
  const [tokens, setTokens] = useState<TokenReport | null>(null);
  const [choices, setChoices] = useState<StartChoices>(() => ({
    name: search.name ?? '',
    invite,
    backend: search.backend ?? 'auto',
    threads: search.threads ? Number(search.threads) : null,
    understood: false,
    shareEvaluation: false,
    portion: 'full',
    compare: search.compare === undefined ? null : search.compare === 'yes',
  }));
  const [refusal, setRefusal] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  const split = useMemo(() => ({ ...config.evaluation, seed: config.seed }), [config]);
  const reader = useMemo(
    () => ({ modelPath: federation.modelPath, maxLength: config.tuning.maxLength }),
    [federation.modelPath, config.tuning.maxLength],
  );
  const wish = useMemo(
    () => ({ backend: choices.backend, ...(choices.threads === null ? {} : { threads: choices.threads }) }),
    [choices.backend, choices.threads],
  );
  const over = isOver(status.state);
  const probing = useQuery({ ...probeQuery(wish, federation), enabled: false });
  const isKept = useIsKept(federation);
  const size = sizeOf(dataset, tokens);
  const computing: Computing = over ? { kind: 'unknown' } : computingOf(federation, probing, size);

  const comparesByDefault = computing.kind === 'estimated' && computing.time.round <= QUICK_ROUND_SECONDS;

  const start = async () => {
    if (!dataset) return;
    setBusy(true);
    setRefusal(null);
    try {
      const code = choices.invite.trim();
      // A wrong invite is told here, where it can be mended, before anything is loaded for it.
      unwrap(await engine().checkInvite(seat, code || null));
      const { shareEvaluation } = choices;
      const consent = await recordConsent(consentSentences, shareEvaluation, Date.now());
      const maxDensity = maxDensityFor(config, choices.portion);
      const { name, files, most } = dataset;
      controls.join({
        name: choices.name.trim(),
        ...(code ? { invite: code } : {}),
        dataset: { name, files, ...(most === undefined ? {} : { most }) },
        ...wish,
        shareEvaluation,
        consent,
        compare: choices.compare ?? comparesByDefault,
        ...(maxDensity === undefined ? {} : { maxDensity }),
      });
    } catch (error) {
      setRefusal(failureOf(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <>
      <AboutFederation step={1} federation={federation} computing={computing} isKept={isKept} />
      {over ? (
        <FailureAlert title={strings.over} failure={{ code: 'federation-ended', message: strings.overWhy }}>
          <PageLink to="/" size="sm">
            {strings.allFederations}
          </PageLink>
        </FailureAlert>
      ) : (
        <>
          <LocalText
            step={2}
            split={split}
            reader={reader}
            roundSeconds={size && computing.kind === 'estimated' ? computing.time.round : null}
            deadlineSeconds={config.schedule.deadlineSeconds}
            onChange={setDataset}
            onTokens={setTokens}
          />
          <DeviceCheck step={3} wish={wish} federation={federation} />
          <StartForm
            step={4}
            choices={choices}
            needsInvite={config.access === 'invite'}
            hasBudget={hasBudget(config)}
            comparesByDefault={comparesByDefault}
            obstacle={obstacleOf(dataset, probing.data)}
            refusal={refusal}
            busy={busy}
            onChange={(next) => {
              if (next.invite !== choices.invite) setRefusal(null);
              setChoices(next);
            }}
            onStart={() => void start()}
          />
        </>
      )}
    </>
  );
}

function obstacleOf(dataset: Dataset | null, probe: DeviceProbe | undefined): string | null {
  if (probe?.model.fit.verdict === 'too large') return strings.doesNotFit;
  if (!dataset) return strings.needsText;
  const { training, heldOut } = dataset.report.examples;
  return training < 1 || heldOut < 1 ? strings.tooFew : null;
}

/** Whether this browser has all of the model's files. */
function useIsKept({ config }: FederationSummary): boolean {
  const { data } = useQuery({
    queryKey: ['model-storage'],
    queryFn: async () => unwrap(await engine().modelStorage()),
    retry: false,
  });
  return (
    data?.models.some(
      ({ origin, name, bytes, storedBytes }) =>
        origin === 'mirror' && name === config.model && storedBytes >= bytes && bytes > 0,
    ) ?? false
  );
}

/** Null until its tokens are counted. */
function sizeOf(dataset: Dataset | null, tokens: TokenReport | null): TextSize | null {
  return dataset && tokens ? { ...dataset.report.examples, tokens: tokens.tokens - tokens.cut.tokens } : null;
}

/** A text like one of the samples: so many examples, each half as long as it may be. */
function typical({ config }: FederationSummary): TextSize {
  const { maxLength } = config.tuning;
  return { training: 55, validation: 6, heldOut: 15, tokens: (76 * maxLength) / 2 };
}

function computingOf(
  federation: FederationSummary,
  probing: { readonly data: DeviceProbe | undefined; readonly isError: boolean },
  size: TextSize | null,
): Computing {
  if (!probing.data) return { kind: probing.isError ? 'unknown' : 'measuring' };
  const time = tuningTime(federation.config, probing.data, size ?? typical(federation));
  return { kind: 'estimated', of: size ? 'text' : 'sample', time };
}
