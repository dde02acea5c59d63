import type { ErrorBody } from '@perfit/protocol';
import { pledges } from './about-federation.ts';

export const strings = {
  title: 'Take part',
  start: 'Start',
  name: 'Your display name',
  nameHint: 'The operator sees it. It can be a nickname.',
  badName: 'Use at most 60 characters, and no control characters.',
  nameNeeded: 'Enter a display name first',
  invite: 'Invite code',
  inviteHint: 'It’s part of the link you were given.',
  inviteNeeded: 'This federation needs an invite code.',
  consent: 'What you agree to',
  understand: 'I understand what is computed here and what is sent.',
  understandHint: 'As described above: what stays in this tab, and what goes to the coordinator.',
  share: 'Also share how well the model does on my text.',
  shareHint: 'Optional. Loss and perplexity, and at the end whether joining helped: a few numbers, none of the text.',
  compare: 'Find out whether joining helps me',
  compareHint: 'Up to twice the computing: while it waits, this device tunes a second model on your text alone.',
  recorded: 'Saved here with the time and this exact wording; the coordinator logs the time and a fingerprint of it.',
  consentNeeded: 'Tick the box above to continue',
  refused: 'The coordinator didn’t let you in',
  advanced: 'Advanced',
  portion: 'How much this device takes on',
  portionHint:
    'Full budget: as many adapter parameters as the federation asks for. With less, each round sends less, and your model has fewer parameters to learn with; tuning itself takes about as long.',
  portions: { full: 'Full budget', half: 'Half', quarter: 'Quarter' },
  backend: 'Run on',
  backendHint: 'WebGPU uses the GPU and is usually much faster.',
  backends: { auto: 'Best available', webgpu: 'WebGPU', wasm: 'WebAssembly' },
  threads: 'Threads',
  threadsHint: 'For WebAssembly: fewer leave more of this device to you.',
  threadsAuto: 'Automatic',
  leaveAnyTime: 'Keep this tab open while it works. You can stop at any time.',
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
  return 'This federation doesn’t recognize this code, or it’s no longer valid. Compare it with the link you were given, or ask the operator for a new one.';
}
