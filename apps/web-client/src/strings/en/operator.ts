import {
  type ClientAction,
  type ClientView,
  type FederationConfig,
  type InviteView,
  type RoundAction,
  type RoundView,
  SMALLEST_GROUP,
} from '@perfit/protocol';
import {
  formatBytes,
  formatCount,
  formatPerplexity,
  formatSeconds,
  formatShare,
} from '../../shared/format/format-number.ts';

export const fieldHints = {
  name: { label: 'Name', hint: 'Everybody who joins sees it.' },
  description: { label: 'Description', hint: 'For whom this is, and what people should bring.' },
  'host.name': { label: 'Run by', hint: 'A person or a club; everybody who joins sees it.' },
  'host.contact': { label: 'Contact', hint: 'mailto: and https: addresses become links.' },
  model: { label: 'Model', hint: "A folder of the coordinator's models." },
  strategy: { label: 'Strategy', hint: 'perfit is the method; the others are for comparison.' },
  receive: { label: 'What comes back', hint: 'What a client owns, or everything.' },
  access: { label: 'Entry', hint: 'By invite link, or open to all.' },
  'schedule.rounds': { label: 'Rounds', hint: 'How often changes are put together.' },
  'schedule.targetPerplexity': {
    label: 'End at perplexity',
    hint: 'Sooner, where the median is as low; empty is never.',
  },
  'schedule.recruit': { label: 'Start with', hint: 'So many people must be ready first.' },
  'schedule.goal': { label: 'Close a round at', hint: 'So many submissions.' },
  'schedule.minimum': { label: 'At least', hint: 'With fewer, the round is repeated.' },
  'schedule.deadlineSeconds': { label: 'Deadline, seconds', hint: 'A round takes no longer.' },
  'tuning.epochs': { label: 'Epochs a round', hint: 'Passes over the own text.' },
  'lora.rank': { label: 'Rank', hint: 'The budget of a plain LoRA.' },
  'lora.expansion': { label: 'Expansion', hint: 'The search space is so many ranks.' },
  'lora.alpha': { label: 'Alpha', hint: 'Changes are scaled by alpha over rank.' },
  'lora.targets': { label: 'Modules', hint: 'The matrices of each layer that are adapted.' },
  'tuning.learningRate': { label: 'Learning rate', hint: 'Of AdamW.' },
  'tuning.warmup': { label: 'Rise of the rate', hint: 'Over so large a share of each round’s steps.' },
  'tuning.decay': { label: 'Rate over the rounds', hint: 'What becomes of it from round to round.' },
  'tuning.maxLength': { label: 'Longest example', hint: 'In tokens; longer ones are cut.' },
  'search.score': { label: 'Score', hint: 'What makes a parameter worth keeping.' },
  'search.scope': { label: 'Budget over', hint: 'Where the kept share is counted.' },
  'search.warmupEpochs': { label: 'Warm-up, epochs', hint: 'Of plain tuning before scores are taken.' },
  'search.iterations': { label: 'Search steps', hint: 'The mask shrinks in so many steps.' },
  'search.batches': { label: 'Batches a step', hint: 'Scores are averaged over so many.' },
  'search.density': { label: 'Kept share', hint: 'Of the search space; empty is 1 / expansion.' },
  'search.slowDevices': {
    label: 'Slower devices',
    hint: 'Slower devices may keep less: each is measured for a second when it joins.',
  },
  'search.sharedRounds': {
    label: 'Shared rounds first',
    hint: 'So many rounds before anybody searches a mask.',
  },
  'search.everyRounds': { label: 'Search again every', hint: 'So many rounds; 0 searches once.' },
  'search.prior': {
    label: 'Preference for shared parameters',
    hint: 'How much searches favour what others own.',
  },
  'search.rewind': {
    label: 'Rewind after a search',
    hint: 'Off: tuning keeps what the search learned.',
  },
  'personal.keep': {
    label: 'Own share of a start',
    hint: 'From 0, only what came, to 1, only its own.',
  },
  'tuning.batchSize': { label: 'Batch size', hint: 'Examples a step.' },
  'tuning.weightDecay': { label: 'Weight decay', hint: 'Of AdamW.' },
  'tuning.clipNorm': { label: 'Longest gradient', hint: 'Longer ones are shortened; 0 shortens none.' },
  'tuning.proximal': { label: 'Proximal pull', hint: 'Back to where a round started; 0 does not pull.' },
  'server.optimizer': { label: 'Server optimizer', hint: "Makes a step of everybody's mean change." },
  'server.learningRate': { label: 'Server learning rate', hint: 'Each step times this.' },
  'server.beta1': { label: 'Server momentum (β₁)', hint: 'How much of earlier rounds stays, below 1.' },
  'server.beta2': { label: 'Second moment (β₂)', hint: 'How slowly step sizes adapt, below 1.' },
  'server.epsilon': { label: 'Adaptivity (τ)', hint: 'Changes far below it are hardly scaled up.' },
  'schedule.settleSeconds': { label: 'Settle, seconds', hint: 'So long a round waits for those who left.' },
  'schedule.maxRepeats': { label: 'Repeats at most', hint: 'After so many failures in a row it ends.' },
  'evaluation.heldOut': { label: 'Held out', hint: 'Share of each text that only measures.' },
  'evaluation.validation': { label: 'Validation', hint: 'Share of the rest that chooses the best round.' },
  seed: { label: 'Seed', hint: 'Of everything that is drawn.' },
  maxDeltaNorm: { label: 'Largest change', hint: 'A submission of a greater norm is refused.' },
  'robust.clipNorm': { label: 'Shorten changes to', hint: 'Longer ones count as this long; empty is never.' },
  'robust.mean': { label: 'Mean', hint: 'How much one client can move a parameter.' },
  'robust.trim': { label: 'Left out at each end', hint: 'As a share of the owners, below 0.5.' },
  'robust.minimumOwners': { label: 'From so many owners', hint: 'With fewer, the weighted mean is taken.' },
  'weighting.by': { label: 'A client counts', hint: 'How submissions are weighed.' },
  'weighting.cap': { label: 'Examples counted at most', hint: 'Nobody weighs more than that.' },
  smallestGroup: { label: 'Smallest group', hint: `Of people whose masks are shown; empty is ${SMALLEST_GROUP}.` },
  'wire.dtype': { label: 'Precision of what is sent', hint: 'Less precise is fewer bytes.' },
};

/** Where a setting means something else than it usually does. */
export const otherHints = {
  /** Of `tuning.proximal`. */
  fedproxPull: 'Back to where a round started; fedprox takes 0.01 for 0.',
  /** Of `server.learningRate`: m / (√v + τ) is near 1 where changes point one way. */
  adamRate: 'A parameter moves about so far: well below 1.',
} as const;

export const optimizerWords = {
  none: 'None: the mean itself',
  momentum: 'FedAvgM: momentum',
  adam: 'FedAdam: adaptive steps',
} as const;

export const decayWords = {
  constant: 'The same in each round',
  cosine: 'Falls along a cosine',
} as const;

export const scoreWords = {
  taylor: 'Taylor: what the loss would lose',
  magnitude: 'Magnitude after the warm-up',
  gradient: 'Gradient alone',
  random: 'By lot',
} as const;

export const scopeWords = { tensor: 'each matrix by itself', global: 'the whole adapter' } as const;

export const meanWords = {
  weighted: 'Weighted mean',
  trimmed: 'Trimmed mean',
  median: 'Median',
} as const;

export const weightingWords = { examples: 'by its examples', uniform: 'as one' } as const;

/** One row of `search.slowDevices`. */
export const tierStrings = {
  below: 'Below, tokens a second',
  density: 'Kept share at most',
  add: 'Add a limit',
  remove: (row: number) => `Remove limit ${row}`,
} as const;

export const precisionWords = {
  f32: 'f32: 4 bytes a number',
  f16: 'f16: 2 bytes a number',
  int8: 'int8: about 1 byte; f16 comes back',
} as const;

export const advancedStrings = {
  title: 'Advanced',
  adapter: 'Adapter',
  search: 'Search',
  budgets: 'Budget by device',
  tuning: 'Tuning',
  averaging: 'Averaging',
  sending: 'Sending',
  schedule: 'Closing of rounds',
  evaluation: 'Evaluation',
  bounds: 'Bounds',
} as const;

export const actionWords = {
  start: 'Start',
  /** With those who are there. */
  beginNow: 'Begin now',
  pause: 'Pause',
  resume: 'Resume',
  stop: 'Stop',
} as const;

export const stopQuestion = {
  title: 'Stop this federation for good?',
  text: 'Everybody keeps what they have so far; no further round begins.',
  confirm: 'Stop it',
} as const;

export const roundActionWords = { repeat: 'Repeat round', skip: 'Skip round' } as const;

export function roundQuestion(action: RoundAction, round: number) {
  return action === 'repeat'
    ? {
        title: `Repeat round ${round}?`,
        text: 'What was submitted in it so far is discarded, and everybody tunes it again from its beginning.',
        confirm: 'Repeat it',
      }
    : {
        title: `Skip round ${round}?`,
        text: 'What was submitted in it so far is discarded; the adapter stays as it is and the next round begins.',
        confirm: 'Skip it',
      };
}

export const clientActionWords = { remove: 'Remove…', ban: 'Ban…', unban: 'Lift ban…' } as const;

/** Buttons of many clients stand below each other: each says whom it means. */
export function clientActionLabel(action: ClientAction, name: string): string {
  return `${clientActionWords[action].replace('…', '')} ${name}`;
}

export function clientQuestion(action: ClientAction, name: string) {
  switch (action) {
    case 'remove':
      return {
        title: `Remove ${name}?`,
        text: 'The client is sent away. It may come back as a new one would: where an invite is needed, by an invite.',
        confirm: 'Remove',
      };
    case 'ban':
      return {
        title: `Ban ${name}?`,
        text: 'The client is sent away, and its key no longer enters this federation until you lift the ban.',
        confirm: 'Ban',
      };
    case 'unban':
      return {
        title: `Lift the ban of ${name}?`,
        text: 'Its key may enter this federation again.',
        confirm: 'Lift the ban',
      };
  }
}

export const inviteStrings = {
  title: 'Invite people',
  lead: 'Whoever opens an invite link can take part. Send it only to those who should.',
  openLead: 'This federation is open: whoever opens this link can take part.',
  link: 'Link',
  copy: 'Copy',
  copied: 'Copied',
  qr: 'QR code of the invite link',
  noneUsable: 'No invite lets anybody in at present. Make a new one.',
  list: 'Invites',
  columns: { label: 'Invite', state: 'State', uses: 'Uses', expiry: 'Expiry', actions: 'Actions' },
  show: 'Show',
  revoke: 'Revoke…',
  another: 'New invite',
  make: 'Make the invite',
  cancel: 'Cancel',
  fields: {
    label: 'Label',
    labelHint: 'For you: whom it is for.',
    uses: 'Uses',
    usesHint: 'So many people; empty is any number.',
    hours: 'Valid for, hours',
    hoursHint: 'Empty is until it is revoked.',
  },
  problems: {
    label: 'A label has at most 60 characters, without control characters.',
    uses: 'Give a whole number from 1 to 100,000.',
    hours: 'Give a number above 0, at most 8,784.',
  },
} as const;

export function inviteLabel({ label, createdAt }: InviteView): string {
  return label ?? `Invite of ${new Date(createdAt).toLocaleDateString('en', { dateStyle: 'medium' })}`;
}

export function inviteState({ usable, revokedAt, expiresAt }: InviteView): string {
  if (usable) return 'open';
  if (revokedAt) return 'revoked';
  return expiresAt && Date.parse(expiresAt) <= Date.now() ? 'expired' : 'used up';
}

/** "Used 3 times, 7 left." */
export function usesLine({ uses, usesLeft }: InviteView): string {
  const used = uses === 0 ? 'Not used yet' : `Used ${timesWord(uses)}`;
  return usesLeft === null ? `${used}.` : `${used}, ${formatCount(usesLeft)} left.`;
}

function timesWord(uses: number): string {
  if (uses === 1) return 'once';
  return uses === 2 ? 'twice' : `${formatCount(uses)} times`;
}

export function expiryLine({ expiresAt }: InviteView): string {
  if (!expiresAt) return 'Does not expire.';
  const at = new Date(expiresAt).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short' });
  return Date.parse(expiresAt) <= Date.now() ? `Expired ${at}.` : `Until ${at}.`;
}

export function revokeQuestion(invite: InviteView) {
  return {
    title: 'Revoke this invite?',
    text: `"${inviteLabel(invite)}" lets nobody in any more. Whoever has come in by it stays.`,
    confirm: 'Revoke it',
  };
}

export const loginStrings = {
  title: 'Operator',
  name: 'Name',
  password: 'Password',
  failed: 'You are not logged in',
  login: 'Log in',
  access: 'Access',
  logout: 'Log out',
} as const;

export function loggedInAs(name: string): string {
  return `Logged in as ${name}`;
}

export const listStrings = {
  title: 'Federations',
  create: 'New federation',
  list: 'On this coordinator',
  none: 'None yet. Make the first one, and send its invite link to the people who take part.',
  columns: { name: 'Name', state: 'State', round: 'Round', ready: 'Ready', strategy: 'Strategy', model: 'Model' },
  unusable: 'Models that cannot be offered',
} as const;

export const presetStrings = {
  title: 'Begin with',
  lead: 'It fills in what follows; everything can be changed.',
} as const;

export const presetWords = {
  quick: { title: 'Quick try', text: 'Two people and three short rounds: to see it work before you ask anybody.' },
  office: { title: 'Small office', text: 'Five people during a working day: eight rounds of up to half an hour.' },
  overnight: {
    title: 'Overnight',
    text: 'Devices left on: twelve longer rounds, with longer texts and fewer bytes sent.',
  },
} as const;

/** What taking part asks of a client, at most. */
export function costLine({ schedule, tuning, search, lora }: FederationConfig, modelBytes: number): string {
  const { rounds, deadlineSeconds } = schedule;
  const share = formatShare(search.density ?? 1 / lora.expansion);
  const passes = formatCount(Number((rounds * tuning.epochs).toPrecision(3)));
  return `A client fetches ${formatBytes(modelBytes)} once, tunes ${share} of the adapter in ${passes} passes over its text, and is there for at most ${formatSeconds(rounds * deadlineSeconds)} if no round is repeated.`;
}

export const createStrings = {
  create: 'Create',
  cancel: 'Cancel',
  failed: 'It was not created',
} as const;

export const detailStrings = {
  back: '← All federations',
  live: 'Live.',
  notLive: 'Not live: refreshed every few seconds.',
  rounds: 'Rounds',
  figures: 'Figures',
  clients: 'Clients',
  events: {
    title: 'Events',
    latest: 'Events, the latest first',
    none: 'Nothing has happened yet.',
    filter: 'Filter',
    filterHint: 'A name, a word, or a kind such as refused. Of the latest 200; the download has all.',
    noneSuch: 'None of the latest events says that.',
  },
} as const;

export function roundLine(round: number, rounds: number): string {
  return `Round ${round} of ${rounds}.`;
}

export function readyLine(ready: number, recruit: number): string {
  const are = ready === 1 ? '1 client is ready' : `${ready} clients are ready`;
  return `${are}, ${recruit} ${recruit === 1 ? 'is' : 'are'} needed to start.`;
}

export function methodLine(strategy: string, model: string, parameters: number): string {
  return `${strategy} on ${model}, ${formatCount(parameters)} adapter parameters.`;
}

export const clientStrings = {
  none: 'Nobody has joined yet.',
  connected: 'connected',
  away: 'away',
  removed: 'removed',
  banned: 'banned',
  notShared: 'not shared',
  nothing: '–',
  columns: {
    name: 'Name',
    now: 'Now',
    device: 'Device',
    tier: 'Budget',
    examples: 'Examples',
    owns: 'Owns',
    traffic: 'Up / down',
    gain: 'Perplexity: base → tuned',
    actions: 'Actions',
  },
} as const;

export function progressOf(name: string): string {
  return `Progress of ${name}`;
}

/** The measured speed tells which budget is offered. */
export function deviceLine({ backend, tokensPerSecond }: ClientView['device']): string {
  return tokensPerSecond === undefined ? backend : `${backend}, ${formatCount(Math.round(tokensPerSecond))} tokens/s`;
}

/** [PF2] By which limit of speed a client has its budget. */
export function tierOf({ density, device }: ClientView, { search }: FederationConfig): string {
  const share = formatShare(density);
  const speed = device.tokensPerSecond;
  const slow = search.slowDevices
    .filter(({ below }) => speed !== undefined && speed < below)
    .toSorted((a, b) => a.density - b.density)[0];
  return slow ? `${share}, below ${formatCount(slow.below)} tokens/s` : share;
}

export function lastSeenLine(seconds: number): string {
  if (seconds < 60) return 'seen just now';
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `seen ${minutes} min ago`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `seen ${hours} h ago` : `seen ${Math.round(hours / 24)} days ago`;
}

export const roundStrings = {
  title: 'Rounds, the latest first',
  none: 'The first round has not begun.',
  noSubmission: 'No submission yet.',
} as const;

export const roundStateWords = {
  training: 'tuning',
  aggregating: 'committing',
  committed: 'committed',
  failed: 'failed',
} as const;

export function roundAttempt({ number, attempt }: { number: number; attempt: number }): string {
  return attempt > 1 ? `Round ${number}, attempt ${attempt}` : `Round ${number}`;
}

export const phaseWords = {
  waiting: 'waiting',
  tuning: 'tuning',
  settling: 'settling',
  committing: 'committing',
} as const;

type PhaseName = keyof typeof phaseWords;

/** "tuning 12 s, committing 0.2 s" */
export function phaseLine(times: Readonly<Record<PhaseName, number>>): string {
  return (Object.keys(phaseWords) as PhaseName[])
    .filter((phase) => times[phase] >= 0.05)
    .map((phase) => `${phaseWords[phase]} ${formatSeconds(times[phase])}`)
    .join(', ');
}

/** "Ada: 40 examples, 12 kB, perplexity received 21.3 → tuned 12.2" */
export function submissionLine({ name, examples, bytes, perplexity }: RoundView['submissions'][number]): string {
  const parts = [`${formatCount(examples)} ${examples === 1 ? 'example' : 'examples'}`, formatBytes(bytes)];
  if (perplexity) {
    const { received, tuned } = perplexity;
    parts.push(`perplexity received ${formatPerplexity(received)} → tuned ${formatPerplexity(tuned)}`);
  }
  return `${name}: ${parts.join(', ')}`;
}

export const chartStrings = {
  round: 'Round',
  perplexity: 'Perplexity',
  base: 'base',
  received: 'received',
  tuned: 'tuned',
  lowest: 'tuned, lowest',
  highest: 'tuned, highest',
  perplexityCaption: 'Means over those who share theirs, each on its own held-out examples; lower is better.',
  loss: 'Loss',
  meanLoss: 'mean',
  lossCaption: 'Of tuning, over those who share it.',
  nothingShared: 'Nobody has shared a figure yet.',
  time: 'Time',
  timeCaption:
    'All attempts of a round: waiting since the round before, tuning until the last submission, settling for whoever may still come, committing.',
  participation: 'Submissions',
  submitted: 'submitted',
  bytes: 'Bytes of the deltas',
  deltas: 'deltas, up',
  noRound: 'It shows when a round is committed.',
} as const;

/** Of everything that clients sent and fetched, masks and slices too. */
export function bytesCaption({ up, down }: { up: number; down: number }): string {
  return `Everything so far: ${formatBytes(up)} up, ${formatBytes(down)} down.`;
}

export function participationCaption({ goal, minimum }: { goal: number; minimum: number }): string {
  return `A round closes at ${formatCount(goal)}; with fewer than ${formatCount(minimum)} it is repeated.`;
}

export const downloadStrings = {
  title: 'Downloads',
  csv: 'Results, CSV',
  json: 'Results, JSON',
  events: 'Event log, JSON',
  adapter: {
    round: 'Adapter after round',
    button: 'Adapter, PEFT',
    none: 'The adapter of each round can be downloaded once one is committed.',
    saved:
      'Two files, adapter_config.json and adapter_model.safetensors: together in a folder of their own, they are what PEFT loads. If your browser asks whether this page may save several files, allow it.',
  },
} as const;

export const atlasStrings = {
  title: 'Mask atlas',
  overlap: 'Overlap of the masks, by group',
  overlapCaption:
    'Shared positions over positions of either, in per cent, as the mean over pairs of clients. People who write about the same things own the same parameters.',
  density: 'Kept positions by layer and module',
  densityCaption: 'Kept positions in per cent of a layer’s module, as the mean over the group.',
  nothingKept: 'none',
  allKept: 'all',
} as const;

export function atlasLead(smallestGroup: number): string {
  const groups = 'Which parameters people own, by groups whose masks are alike.';
  if (smallestGroup === 1) return `${groups} This federation shows those of single people, too.`;
  return `${groups} No figure is of a single person.`;
}

export function groupName(index: number, clients: number): string {
  return `Group ${String.fromCharCode(65 + (index % 26))}, ${clients === 1 ? '1 client' : `${clients} clients`}`;
}

export function tooFewMasks({ masks, smallestGroup }: { masks: number; smallestGroup: number }): string {
  const are = masks === 0 ? 'None is there yet' : masks === 1 ? 'One is there' : `${masks} are there`;
  return `It shows from ${smallestGroup} masks on, so that it tells of nobody alone. ${are}.`;
}
