import type { RoundMeter } from '@perfit/federation/coordinator';
import { Counter, Histogram, Registry } from 'prom-client';

/** Seconds of what answers at once when all is well. */
const ANSWERS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
/** Seconds of rounds: from a test's to a night's. */
const ROUNDS = [1, 5, 15, 60, 180, 600, 1800, 3600, 10_800, 43_200];

/**
 * What is counted where it happens, for Prometheus. Labels take few values: federations, routes, codes, never a client.
 * Counts begin at nothing when the process starts, as Prometheus expects of counters.
 */
export class Meters {
  readonly registry = new Registry();

  readonly httpRequests = new Histogram({
    name: 'perfit_http_request_duration_seconds',
    help: 'Answers over HTTP, by the route as it is declared',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: ANSWERS,
    registers: [this.registry],
  });
  readonly httpRefused = new Counter({
    name: 'perfit_http_refused_total',
    help: 'Refusals over HTTP, by code: login-failed, forbidden, rate-limited …',
    labelNames: ['code'] as const,
    registers: [this.registry],
  });
  readonly connections = new Counter({
    name: 'perfit_connections_total',
    help: 'Sockets that were opened, by namespace',
    labelNames: ['namespace'] as const,
    registers: [this.registry],
  });
  readonly disconnections = new Counter({
    name: 'perfit_disconnections_total',
    help: 'Sockets that ended, by namespace and the reason that Socket.IO gives',
    labelNames: ['namespace', 'reason'] as const,
    registers: [this.registry],
  });
  readonly connectionsRefused = new Counter({
    name: 'perfit_connections_refused_total',
    help: 'Sockets that were not let in: an origin that is not known, or too many from one address',
    labelNames: ['reason'] as const,
    registers: [this.registry],
  });
  readonly requests = new Histogram({
    name: 'perfit_request_duration_seconds',
    help: 'Answers to requests of clients over the socket',
    labelNames: ['request'] as const,
    buckets: ANSWERS,
    registers: [this.registry],
  });
  readonly requestsRefused = new Counter({
    name: 'perfit_requests_refused_total',
    help: 'Requests of clients that were refused, by code',
    labelNames: ['request', 'code'] as const,
    registers: [this.registry],
  });
  readonly submissions = new Counter({
    name: 'perfit_submissions_total',
    help: 'Submissions that were stored and acknowledged',
    labelNames: ['federation'] as const,
    registers: [this.registry],
  });
  readonly rounds = new Counter({
    name: 'perfit_rounds_total',
    help: 'Attempts at rounds that closed, by outcome: committed or failed',
    labelNames: ['federation', 'outcome'] as const,
    registers: [this.registry],
  });
  readonly roundPhases = new Histogram({
    name: 'perfit_round_phase_seconds',
    help: 'How long attempts at rounds took: training, until it closed; aggregating, until theta_g was on disk',
    labelNames: ['federation', 'phase'] as const,
    buckets: ROUNDS,
    registers: [this.registry],
  });
  readonly commits = new Histogram({
    name: 'perfit_commit_duration_seconds',
    help: 'From the sums to theta_g on disk, retries apart',
    labelNames: ['federation'] as const,
    buckets: ANSWERS,
    registers: [this.registry],
  });
  readonly storageFailures = new Counter({
    name: 'perfit_storage_failures_total',
    help: 'Times that disk or database failed at a step of a round or at its commit; both are tried again',
    labelNames: ['operation'] as const,
    registers: [this.registry],
  });
}

/** Follows the attempts at one federation's rounds. Times are milliseconds of the coordinator's clock. */
export class FederationMeter implements RoundMeter {
  private readonly meters: Meters;
  private readonly federation: string;
  private phase: { readonly name: 'training' | 'aggregating'; readonly since: number } | null = null;

  constructor(meters: Meters, federation: string) {
    this.meters = meters;
    this.federation = federation;
  }

  begun(now: number): void {
    this.phase = { name: 'training', since: now };
  }

  /** Also when a commit is tried again: the phase goes on. */
  aggregating(now: number): void {
    if (this.phase?.name === 'aggregating') return;
    this.endPhase(now);
    this.phase = { name: 'aggregating', since: now };
  }

  closed(outcome: 'committed' | 'failed', now: number): void {
    this.endPhase(now);
    this.meters.rounds.inc({ federation: this.federation, outcome });
  }

  accepted(): void {
    this.meters.submissions.inc({ federation: this.federation });
  }

  committed(milliseconds: number): void {
    this.meters.commits.observe({ federation: this.federation }, milliseconds / 1000);
  }

  storageFailed(operation: 'step' | 'commit'): void {
    this.meters.storageFailures.inc({ operation });
  }

  /** A phase that began before the process did has no length that is known. */
  private endPhase(now: number): void {
    const { federation, phase } = this;
    this.phase = null;
    if (phase) this.meters.roundPhases.observe({ federation, phase: phase.name }, (now - phase.since) / 1000);
  }
}
