import { runBench } from '@perfit/bench';
import { layoutOf } from '@perfit/federation';
import { FailureError } from '../shared/failure/failure.ts';
import { emptySession } from '../shared/session/session-state.ts';
import { Backend, deviceReport } from './backend.ts';
import { catalogueService } from './catalogue-service.ts';
import { ChatService } from './chat-service.ts';
import { checkInvite } from './check-invite.ts';
import { ClientRun, type RunEnd } from './client-run.ts';
import { ComparisonService } from './comparison-service.ts';
import { DataService } from './data-service.ts';
import { DeviceProbes } from './device-probe.ts';
import type { EngineApi, EventSink, JoinOptions, Seat } from './engine-api.ts';
import { Exports, globalAdapterFiles } from './exports.ts';
import { outcomeOf } from './failures.ts';
import { historyService } from './history-service.ts';
import { Journal } from './journal.ts';
import { ledgerService } from './ledger/ledger-service.ts';
import { filesToKeep, heldOutExamples } from './local-data.ts';
import { ModelHost } from './model-host.ts';
import { modelStorage } from './models/cached-models.ts';
import { ModelsService } from './models/models-service.ts';
import { mirrored } from './models/open-files.ts';
import { recordOfSession } from './record-of-session.ts';
import { lockSeat } from './seat-lock.ts';
import { forgetSeat, keyOf } from './storage/database.ts';
import { asEarlier, loadSession, type StoredSession } from './storage/stored-sessions.ts';

/** Everything behind the worker's interface: one backend, one model, one run at a time. */
export function createEngine(): EngineApi {
  const modelHost = new ModelHost();
  const exported = new Exports(() => modelHost.personalModel());
  const chatService = new ChatService({ modelHost, isTuning: () => run !== null });
  const comparisonService = new ComparisonService(modelHost);
  const dataService = new DataService();
  let run: ClientRun | null = null;
  /** The latest run's, also after its end. */
  let journal: Journal | null = null;
  let ended: Promise<unknown> = Promise.resolve();

  // Whoever works on it is told where they wait for it.
  const backend = new Backend(() => modelHost.lose());
  const probes = new DeviceProbes(backend, () => run !== null);
  const modelsService = new ModelsService({ backend, modelHost, isBusy: () => run !== null });

  async function sit(
    seat: Seat,
    stored: StoredSession,
    { sink, takeOver }: { sink: EventSink; takeOver: boolean },
  ): Promise<'finished' | 'left'> {
    await ended;
    probes.stop();
    const lock = await lockSeat(seat, takeOver);
    if (!lock) {
      throw new FailureError({
        code: 'other-tab',
        message: 'Go on there, or take over: then it goes on here where it is, and the other tab stops.',
      });
    }
    const current = await Journal.open(seat, { ...stored, standing: 'running' }, sink);
    const { options, consent } = stored;
    const mine = new ClientRun({ seat, options, consent, journal: current, backend, modelHost });
    lock.onTaken(() => mine.stop('replaced'));
    run = mine;
    journal = current;
    const running = (async () => {
      let standing: StoredSession['standing'] | null = 'left';
      try {
        await current.keep();
        const end = await mine.run();
        standing = standingAfter(end);
        return end === 'finished' ? ('finished' as const) : ('left' as const);
      } catch (error) {
        // The federation may be over while this client was away: what it has stays of use.
        if (error instanceof FailureError && error.failure.code === 'federation-ended') standing = 'finished';
        throw error;
      } finally {
        await current.close(standing);
        lock.release();
        if (run === mine) run = null;
      }
    })();
    ended = running.catch(() => {});
    return running;
  }

  async function rememberedSession(seat: Seat): Promise<StoredSession> {
    const stored = await loadSession(seat);
    if (stored) return stored;
    throw new FailureError({ code: 'not-ready', message: 'This browser remembers nothing of this federation.' });
  }

  return {
    ...catalogueService(backend),
    ...ledgerService((seat) => (journal && keyOf(journal.seat) === keyOf(seat) ? journal.ledger : null)),
    ...historyService({ ended: () => ended, letGo: () => modelHost.clear() }),
    describeDevice: (wish) => outcomeOf(async () => deviceReport(await backend.start(wish))),
    probeDevice: (wish) => outcomeOf(() => probes.measure(wish)),
    checkInvite: (seat, invite) =>
      outcomeOf(async () => {
        await checkInvite(seat, invite);
        return null;
      }),
    readData: (files, split) => outcomeOf(() => dataService.read(files, split)),
    dataPage: (wish) => outcomeOf(() => dataService.page(wish)),
    countTokens: (wish, onProgress) => outcomeOf(() => dataService.countTokens(wish, onProgress)),
    earlier: (seat) =>
      outcomeOf(async () => {
        const stored = await loadSession(seat);
        return stored ? asEarlier(stored) : null;
      }),
    forget: (seat) =>
      outcomeOf(async () => {
        await ended;
        await forgetSeat(keyOf(seat));
        return null;
      }),
    join: (options, sink) =>
      outcomeOf(async () =>
        sit(options.seat, await newSession(options), { sink, takeOver: options.takeOver ?? false }),
      ),
    resume: (seat, { takeOver }, sink) =>
      outcomeOf(async () => sit(seat, await rememberedSession(seat), { sink, takeOver })),
    reopen: (seat, sink) =>
      outcomeOf(async () => {
        await ended;
        const stored = await rememberedSession(seat);
        const current = await Journal.open(seat, stored, sink);
        journal = current;
        try {
          await reopen(seat, stored, current);
          return null;
        } finally {
          await current.close(null);
        }
      }),
    setPaused: (isPaused) =>
      outcomeOf(async () => {
        run?.setPaused(isPaused);
        await journal?.keep();
        return null;
      }),
    leave: (why) =>
      outcomeOf(async () => {
        run?.stop(why === 'asked' ? 'left' : 'moved');
        await ended;
        return null;
      }),
    chat: (asked, onPiece) => outcomeOf(() => chatService.chat(asked, onPiece)),
    stopChat: () =>
      outcomeOf(() => {
        chatService.stop();
        return null;
      }),
    closeChat: () =>
      outcomeOf(async () => {
        await chatService.close();
        return null;
      }),
    heldOutExamples: () => outcomeOf(() => comparisonService.heldOut()),
    compare: (onProgress) => outcomeOf(() => comparisonService.compare(onProgress)),
    cancelComparison: () =>
      outcomeOf(() => {
        comparisonService.cancel();
        return null;
      }),
    exportChoices: () => outcomeOf(() => exported.choices()),
    exportAs: (format, onProgress) => outcomeOf(() => exported.write(format, onProgress)),
    globalAdapter: (adapter) => outcomeOf(() => globalAdapterFiles(adapter)),
    cancelExport: () =>
      outcomeOf(() => {
        exported.cancel();
        return null;
      }),
    forgetExports: () =>
      outcomeOf(async () => {
        await exported.forget();
        return null;
      }),
    bench: (onText) =>
      outcomeOf(async () => {
        if (run) {
          throw new FailureError({
            code: 'not-ready',
            message: 'Somebody takes part in this tab: measure in another one.',
          });
        }
        const device = await backend.start({ backend: 'webgpu' });
        modelHost.moveTo(device.backend);
        const running = runBench();
        for (;;) {
          const next = await running.next();
          if (next.done) return next.value;
          onText(next.value);
        }
      }),
    openModel: (wish, onProgress) => outcomeOf(() => modelsService.open(wish, onProgress)),
    cancelModel: () => outcomeOf(() => modelsService.cancel()),
    closeModel: () => outcomeOf(() => modelsService.close()),
    modelStorage: () => outcomeOf(() => modelStorage()),
    deleteModel: (key) => outcomeOf(() => modelsService.delete(key)),
    useAdapter: (files) => outcomeOf(() => modelsService.useAdapter(files)),
    evaluate: (wish, onProgress) => outcomeOf(() => modelsService.evaluate(wish, onProgress)),
    session: () => outcomeOf(() => journal && recordOfSession(journal.session, journal.ledger.entries, Date.now())),
  };

  /** Model and adapter as they were, the past with them; nothing is sent. */
  async function reopen(seat: Seat, { options, session }: StoredSession, current: Journal): Promise<void> {
    const { federation, activity } = session;
    if (!federation) {
      throw new FailureError({
        code: 'not-ready',
        message: 'There is no model to load: this run never got that far.',
      });
    }
    try {
      const { backend: choice, threads } = options;
      const device = await backend.start({ backend: choice, ...(threads === undefined ? {} : { threads }) });
      modelHost.moveTo(device.backend);
      const { model } = await modelHost.load(mirrored(federation.modelPath), {
        onProgress: (progress) => current.emit({ type: 'loading', stage: 'model', ...progress }),
        onGet: (exchange) => current.ledger.writeFetch(exchange),
      });
      current.noteDimensions(model.dimensions);
      const { config } = federation;
      await modelHost.open(seat, layoutOf(config, model.dimensions), {
        examples: heldOutExamples(options.dataset, { heldOut: config.evaluation.heldOut, seed: config.seed }),
        maxLength: Math.min(config.tuning.maxLength, model.config.contextLength),
      });
      current.emit({ type: 'models', ...modelHost.ready });
      current.emit(
        session.status && activity.kind !== 'left'
          ? { type: 'finished', status: session.status }
          : { type: 'left', reason: 'asked' },
      );
    } catch (error) {
      const outcome = await outcomeOf(() => Promise.reject(error));
      if (!outcome.ok) current.emit({ type: 'failed', error: outcome.error });
      throw error;
    }
  }
}

async function newSession(options: JoinOptions): Promise<StoredSession> {
  const { seat, takeOver, dataset, consent, ...kept } = options;
  return {
    options: { ...kept, dataset: { ...dataset, files: await filesToKeep(dataset.files) } },
    ...(consent ? { consent } : {}),
    standing: 'running',
    session: emptySession,
  };
}

/** What a reload finds; null where the store belongs to another tab by now. */
function standingAfter(end: RunEnd): StoredSession['standing'] | null {
  switch (end) {
    case 'finished':
      return 'finished';
    case 'left':
      return 'left';
    case 'moved':
      return 'running';
    case 'replaced':
      return null;
  }
}
