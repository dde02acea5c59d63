import type { ErrorBody } from '@perfit/protocol';
import { pledges } from './about-federation.ts';

export const strings = {
  title: 'Take part',
  start: 'Start',
  name: 'Your name here',
  nameHint: 'The operator sees it. It need not be your real one.',
  badName: 'At most 60 characters, and no control characters.',
  nameNeeded: 'Choose a name first.',
  invite: 'Invite code',
  inviteHint: 'It is part of the link that you were given.',
  inviteNeeded: 'This federation needs an invite code.',
  consent: 'What you agree to',
  understand: 'I understand what is computed here and what is sent.',
  understandHint: 'As it stands above: what stays in this tab, and what goes to the coordinator.',
  share: 'Also share how well the model does on my text.',
  shareHint:
    'Optional. Loss and perplexity: a few numbers a round, none of the text. They help the operator to see whether it works.',
  recorded:
    'Kept in this browser with the time and these very words. The coordinator’s log has the time and a fingerprint of the words.',
  consentNeeded: 'Say first that you understand what is sent.',
  refused: 'The coordinator did not let you in',
  advanced: 'Advanced',
  portion: 'How much this device takes on',
  portionHint:
    'Full budget: as many adapter parameters as the federation asks for. With less, each round sends less, and your model has fewer numbers to learn with; tuning itself takes about as long.',
  portions: { full: 'Full budget', half: 'Half', quarter: 'A quarter' },
  backend: 'Compute with',
  backendHint: 'WebGPU is the graphics processor, and usually much faster.',
  backends: { auto: 'Best found', webgpu: 'WebGPU', wasm: 'WebAssembly' },
  threads: 'Threads',
  threadsHint: 'Of WebAssembly: fewer leave more of this device to you.',
  threadsAuto: 'Chosen for you',
  leaveAnyTime: 'Keep this tab open while it works. You can leave at any time.',
} as const;

/** What a person reads and ticks, sentence by sentence: the wording that is recorded, and whose hash is its version. */
export const consentSentences: readonly string[] = [
  ...pledges.stays,
  ...pledges.sent,
  pledges.honest,
  strings.understand,
  strings.share,
];

/** What to do about a refused invite; null where the refusal is about something else. */
export function inviteAdvice(code: ErrorBody['code'] | string): string | null {
  if (code === 'invite-required') return strings.inviteNeeded;
  if (code !== 'invite-invalid') return null;
  return 'This federation does not know this code, or it is no longer good. Compare it with the link that you were given, or ask the operator for a new one.';
}
