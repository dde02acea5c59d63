import type { EngineApi } from '../contract/engine-api.ts';
import { Backend } from './device/backend.ts';
import { DeviceProbes, probeApi } from './device/device-probe.ts';
import { deviceService } from './device/device-service.ts';
import { Exports, exportsApi } from './export/exports.ts';
import { ledgerService } from './ledger/ledger-service.ts';
import { AnswerService, answersApi } from './models/answer-service.ts';
import { catalogueService } from './models/catalogue-service.ts';
import { ChatService, chatApi } from './models/chat-service.ts';
import { ComparisonService, comparisonApi } from './models/comparison-service.ts';
import { ModelHost } from './models/model-host.ts';
import { ModelsService, modelsApi } from './models/models-service.ts';
import { RunService, runApi } from './run/run-service.ts';
import { historyService } from './storage/history-service.ts';
import { DataService, dataApi } from './text/data-service.ts';

/** Everything behind the worker's interface: one backend, one model, one run at a time. */
export function createEngine(): EngineApi {
  const modelHost = new ModelHost();
  // Whoever works on it is told where they wait for it.
  const backend = new Backend(() => modelHost.lose());
  const answers = new AnswerService(modelHost);
  const runs = new RunService({ backend, modelHost, answers, onStart: () => probes.stop() });
  const isBusy = () => runs.isUnderWay;
  const probes = new DeviceProbes(backend, isBusy);
  return {
    ...runApi(runs),
    ...deviceService({ backend, modelHost, isBusy }),
    ...probeApi(probes),
    ...dataApi(new DataService()),
    ...modelsApi(new ModelsService({ backend, modelHost, isBusy })),
    ...catalogueService(backend),
    ...chatApi(new ChatService({ modelHost, isTuning: isBusy })),
    ...comparisonApi(new ComparisonService(modelHost)),
    ...answersApi(answers, (answered) => runs.noteAnswers(answered)),
    ...exportsApi(new Exports(() => modelHost.personalModel())),
    ...ledgerService((seat) => runs.ledgerOf(seat)),
    ...historyService({ ended: () => runs.ended(), letGo: () => modelHost.clear() }),
  };
}
