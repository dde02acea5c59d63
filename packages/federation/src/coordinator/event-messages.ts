import type { ClientAction, Consent, OperatorAction, RoundAction } from '@perfit/protocol';
import type { RoundEffect, RoundEvent } from '../round/round-event.ts';
import { isEnded, type RoundState } from '../round/round-state.ts';
import type { NewEvent } from './store.ts';

interface Moment {
  readonly before: RoundState;
  readonly event: RoundEvent;
  readonly after: RoundState;
  readonly effects: readonly RoundEffect[];
  /** Of the submission that is accepted, where one is. */
  readonly accepted: Record<string, unknown>;
  nameOf(client: string): string;
}

/** The log of a federation: each move of its machine, as a sentence for a person and as data for a replay. */
export function eventMessagesOf(moment: Moment): NewEvent[] {
  const { event, effects } = moment;
  const at = new Date(event.at);
  const told = [ofEvent(moment), ...effects.map((effect) => ofEffect(effect, moment)), ofEnd(moment)];
  return told.filter((each) => each !== null).map((each) => ({ at, ...each }));
}

/** A client's first `ready`, or one in which its person has agreed anew. */
export function consented(
  { client, name, shareEvaluation }: { client: string; name: string; shareEvaluation: boolean },
  { version, at }: Consent,
): EventMessage {
  const shares = shareEvaluation ? 'shares losses and perplexities' : 'shares no losses and perplexities';
  const text = `${name} agreed to take part at ${at} (wording ${version.slice(0, 8)}), and ${shares}.`;
  return say('client-consented', text, { client, version, agreedAt: at, shareEvaluation });
}

/** What the operator did about one client. */
export function moderated(
  { client, name }: { client: string; name: string },
  action: ClientAction,
  reason: string | null,
): EventMessage {
  const [kind, deed] = moderations[action];
  return say(kind, `The operator ${deed} ${name}${reason ? `: ${reason}` : ''}.`, { client, reason });
}

export type EventMessage = Omit<NewEvent, 'at'>;

const deeds: Record<OperatorAction | RoundAction, string> = {
  start: 'started the federation',
  pause: 'paused the federation',
  resume: 'resumed the federation',
  stop: 'stopped the federation',
  repeat: 'has the round repeated',
  skip: 'skipped the round',
};

const moderations: Record<ClientAction, [kind: string, deed: string]> = {
  remove: ['client-removed', 'removed'],
  ban: ['client-banned', 'banned'],
  unban: ['client-unbanned', 'lifted the ban of'],
};

function ofEvent({ before, event, after, nameOf }: Moment): EventMessage | null {
  switch (event.type) {
    case 'client-ready':
      return say('client-ready', `${nameOf(event.client)} is ready.`, { client: event.client });
    case 'client-left':
      return before === after ? null : say('client-left', `${nameOf(event.client)} is gone.`, { client: event.client });
    case 'operator':
      return before === after ? null : say(`operator-${event.action}`, `The operator ${deeds[event.action]}.`, {});
    case 'commit-failed':
      return say('commit-failed', `The commit failed: ${event.reason}`, { cause: event.cause });
    case 'submissions-lost': {
      const names = event.clients.map(nameOf).join(', ');
      return say('submissions-lost', `The disk lost what was accepted of ${names}; it is asked for again.`, {
        clients: event.clients,
      });
    }
    case 'restarted':
      return say('restarted', 'The coordinator was restarted.', {});
    case 'submission':
    case 'time-passed':
    case 'committed':
      return null;
  }
}

function ofEffect(effect: RoundEffect, { accepted, nameOf }: Moment): EventMessage | null {
  switch (effect.type) {
    case 'begin': {
      const again = effect.attempt > 1 ? `, attempt ${effect.attempt},` : '';
      return say('round-begun', `Round ${effect.round}${again} begins.`, { ...effect });
    }
    case 'accept':
      return say('submission-accepted', `${nameOf(effect.client)}'s submission is accepted.`, {
        client: effect.client,
        ...accepted,
      });
    case 'close':
      if (effect.outcome === 'committed') {
        const submissions = effect.submissions === 1 ? '1 submission' : `${effect.submissions} submissions`;
        const text = `Round ${effect.round} is committed with ${submissions}.`;
        return say('round-committed', text, { ...effect });
      }
      return say('round-failed', `Round ${effect.round}, attempt ${effect.attempt}, failed. ${effect.reason}`, {
        ...effect,
      });
    case 'discard':
      return say('submissions-discarded', `The submissions of round ${effect.round} are discarded.`, { ...effect });
    case 'refuse':
    case 'offer':
    case 'answer-again':
    case 'commit':
      return null;
  }
}

function ofEnd({ before, after }: Moment): EventMessage | null {
  if (isEnded(before) || !isEnded(after)) return null;
  const reason = after.reason ? ` ${after.reason}` : '';
  return say('ended', `The federation is ${after.state}.${reason}`, { state: after.state });
}

function say(kind: string, text: string, data: Record<string, unknown>): EventMessage {
  return { kind, text, data };
}
