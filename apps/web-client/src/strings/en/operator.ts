import {
  type ClientAction,
  type ClientView,
  type FederationConfig,
  type FederationDetail,
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
  name: { label: 'Name', hint: 'Shown to everyone who joins' },
  description: { label: 'Description', hint: 'Who this is for, and what people should bring' },
  'host.name': { label: 'Run by', hint: 'A person or a group; shown to everyone who joins' },
  'host.contact': { label: 'Contact', hint: 'mailto: and https: addresses become links' },
  model: { label: 'Model', hint: 'One of the coordinator’s model folders' },
  strategy: { label: 'Strategy', hint: 'perfit is the method; the others are for comparison' },
  receive: { label: 'Clients receive', hint: 'Only the parameters they own, or all' },
  access: { label: 'Access', hint: 'By invite link, or open to everyone' },
  'schedule.rounds': { label: 'Rounds', hint: 'How many times updates are combined' },
  'schedule.targetPerplexity': {
    label: 'Target perplexity',
    hint: 'Ends early at this median; leave empty to disable',
  },
  'schedule.recruit': { label: 'People to start', hint: 'Start once this many people are ready' },
  'schedule.goal': { label: 'Submissions per round', hint: 'A round closes once it has this many' },
  'schedule.minimum': { label: 'Minimum submissions', hint: 'With fewer, the round is repeated' },
  'schedule.deadlineSeconds': { label: 'Deadline (s)', hint: 'Maximum round length' },
  'tuning.epochs': { label: 'Epochs per round', hint: 'Passes over each person’s text' },
  'lora.rank': { label: 'Rank', hint: 'The budget, as the rank of a plain LoRA' },
  'lora.expansion': { label: 'Expansion', hint: 'Search space, as a multiple of the rank' },
  'lora.alpha': { label: 'Alpha', hint: 'The adapter is scaled by alpha / rank' },
  'lora.targets': { label: 'Target modules', hint: 'The matrices adapted in each layer' },
  'tuning.learningRate': { label: 'Learning rate', hint: 'For AdamW' },
  'tuning.warmup': { label: 'Learning rate warmup', hint: 'As a share of each round’s steps' },
  'tuning.decay': { label: 'Learning rate schedule', hint: 'How it changes from round to round' },
  'tuning.maxLength': { label: 'Max sequence length', hint: 'In tokens; longer examples are cut off' },
  'search.score': { label: 'Score', hint: 'What makes a parameter worth keeping' },
  'search.scope': { label: 'Budget scope', hint: 'What the mask density applies to' },
  'search.warmupEpochs': { label: 'Warmup epochs', hint: 'Plain tuning before scoring' },
  'search.iterations': { label: 'Search steps', hint: 'The mask shrinks in this many steps' },
  'search.batches': { label: 'Batches per step', hint: 'Scores are averaged over this many' },
  'search.density': { label: 'Mask density', hint: 'Share of the search space; leave empty for 1 / expansion' },
  'search.slowDevices': {
    label: 'Slower devices',
    hint: 'Slower devices can get a lower mask density: each is measured for a second when it joins.',
  },
  'search.sharedRounds': {
    label: 'Initial shared rounds',
    hint: 'Rounds before anyone searches for a mask',
  },
  'search.everyRounds': { label: 'Search interval', hint: 'In rounds; 0 searches only once' },
  'search.prior': {
    label: 'Preference for shared parameters',
    hint: 'How much searches favor what others own',
  },
  'search.rewind': {
    label: 'Rewind after search',
    hint: 'Off: tuning keeps what the search learned',
  },
  'personal.keep': {
    label: 'Own share at round start',
    hint: '0: only received values; 1: only the client’s own',
  },
  'tuning.batchSize': { label: 'Batch size', hint: 'Examples per step' },
  'tuning.weightDecay': { label: 'Weight decay', hint: 'For AdamW' },
  'tuning.clipNorm': { label: 'Gradient clip norm', hint: 'Larger gradients are scaled down; 0 to disable' },
  'tuning.proximal': { label: 'Proximal term (μ)', hint: 'Pull toward the round’s start; 0 to disable' },
  'server.optimizer': { label: 'Server optimizer', hint: 'Turns the mean update into a step' },
  'server.learningRate': { label: 'Server learning rate', hint: 'Multiplies each step' },
  'server.beta1': { label: 'Server momentum (β₁)', hint: 'How much of earlier rounds stays, below 1' },
  'server.beta2': { label: 'Second moment (β₂)', hint: 'How slowly step sizes adapt, below 1' },
  'server.epsilon': { label: 'Adaptivity (τ)', hint: 'Updates far below it are hardly scaled up' },
  'schedule.settleSeconds': { label: 'Grace period (s)', hint: 'How long a round waits for people who left' },
  'schedule.maxRepeats': { label: 'Max repeats', hint: 'Ends after this many failures in a row' },
  'evaluation.heldOut': { label: 'Held out', hint: 'Share of each text used only to measure' },
  'evaluation.validation': { label: 'Validation', hint: 'Share of the rest used to choose the best round' },
  seed: { label: 'Seed', hint: 'For all random choices' },
  maxDeltaNorm: { label: 'Max update norm', hint: 'Submissions with a larger norm are refused' },
  'robust.clipNorm': { label: 'Clip updates to norm', hint: 'Larger ones are scaled down; leave empty to disable' },
  'robust.mean': { label: 'Mean', hint: 'Limits how far one client can move a parameter' },
  'robust.trim': { label: 'Trim fraction', hint: 'Share of owners dropped at each end, below 0.5' },
  'robust.minimumOwners': { label: 'Minimum owners', hint: 'With fewer, the weighted mean is used' },
  'weighting.by': { label: 'Client weight', hint: 'How submissions are weighted' },
  'weighting.cap': { label: 'Max examples counted', hint: 'No client weighs more than this' },
  smallestGroup: {
    label: 'Smallest group',
    hint: `Of people whose masks are shown; leave empty for ${SMALLEST_GROUP}`,
  },
  'wire.dtype': { label: 'Transfer precision', hint: 'Lower precision sends fewer bytes' },
};

/** Where a setting means something other than it usually does. */
export const otherHints = {
  /** Of `tuning.proximal`. */
  fedproxPull: 'Pull toward the round’s start; fedprox uses 0.01 for 0',
  /** Of `server.learningRate`: m / (√v + τ) is near 1 where changes point one way. */
  adamRate: 'About how far a parameter moves: use well below 1',
} as const;

export const optimizerWords = {
  none: 'None: the mean itself',
  momentum: 'FedAvgM: momentum',
  adam: 'FedAdam: adaptive steps',
} as const;

export const decayWords = {
  constant: 'Constant',
  cosine: 'Cosine decay',
} as const;

export const scoreWords = {
  taylor: 'Taylor: estimated effect on the loss',
  magnitude: 'Magnitude after warmup',
  gradient: 'Gradient only',
  random: 'Random',
} as const;

export const scopeWords = { tensor: 'Each matrix separately', global: 'The whole adapter' } as const;

export const meanWords = {
  weighted: 'Weighted mean',
  trimmed: 'Trimmed mean',
  median: 'Median',
} as const;

export const weightingWords = { examples: 'By number of examples', uniform: 'The same for all' } as const;

/** One row of `search.slowDevices`. */
export const tierStrings = {
  below: 'Below (tokens/s)',
  density: 'Max mask density',
  add: 'Add limit',
  remove: (row: number) => `Remove limit ${row}`,
} as const;

export const precisionWords = {
  f32: 'f32: 4 bytes per number',
  f16: 'f16: 2 bytes per number',
  int8: 'int8: about 1 byte; clients receive f16',
} as const;

export const advancedStrings = {
  title: 'Advanced',
  adapter: 'Adapter',
  search: 'Search',
  budgets: 'Budget by device',
  tuning: 'Tuning',
  averaging: 'Averaging',
  sending: 'Transfer',
  schedule: 'Closing rounds',
  evaluation: 'Evaluation',
  bounds: 'Limits',
} as const;

export const actionWords = {
  start: 'Start',
  /** With those who are there. */
  beginNow: 'Start now',
  pause: 'Pause',
  resume: 'Resume',
  stop: 'Stop',
} as const;

export const stopQuestion = {
  title: 'Stop this federation for good?',
  text: 'Everyone keeps what they have so far; no further rounds start.',
  confirm: 'Stop federation',
} as const;

export const roundActionWords = { repeat: 'Repeat round', skip: 'Skip round' } as const;

export function roundQuestion(action: RoundAction, round: number) {
  return action === 'repeat'
    ? {
        title: `Repeat round ${round}?`,
        text: 'What was submitted so far is discarded, and everyone tunes it again from the start.',
        confirm: 'Repeat round',
      }
    : {
        title: `Skip round ${round}?`,
        text: 'What was submitted so far is discarded; the adapter stays as it is and the next round starts.',
        confirm: 'Skip round',
      };
}

export const clientActionWords = { remove: 'Remove…', ban: 'Ban…', unban: 'Unban…' } as const;

/** Buttons of many clients stand below each other: each says whom it means. */
export function clientActionLabel(action: ClientAction, name: string): string {
  return `${clientActionWords[action].replace('…', '')} ${name}`;
}

export function clientQuestion(action: ClientAction, name: string) {
  switch (action) {
    case 'remove':
      return {
        title: `Remove ${name}?`,
        text: 'The client is disconnected, told so, and doesn’t come back by itself. Its person can join again like someone new: with an invite, if one is needed.',
        confirm: 'Remove',
      };
    case 'ban':
      return {
        title: `Ban ${name}?`,
        text: 'The client is disconnected, and its key can’t enter this federation until you unban it.',
        confirm: 'Ban',
      };
    case 'unban':
      return {
        title: `Unban ${name}?`,
        text: 'Its key can enter this federation again.',
        confirm: 'Unban',
      };
  }
}

export const inviteStrings = {
  title: 'Invite people',
  lead: 'Anyone who opens an invite link can take part. Send it only to people who should.',
  openLead: 'This federation is open: anyone who opens this link can take part.',
  link: 'Link',
  copy: 'Copy',
  copied: 'Copied',
  qr: 'QR code of the invite link',
  noneUsable: 'No invite is valid right now. Create a new one.',
  list: 'Invites',
  columns: { label: 'Invite', state: 'State', uses: 'Uses', expiry: 'Expires', actions: 'Actions' },
  show: 'Show',
  revoke: 'Revoke…',
  another: 'New invite',
  make: 'Create invite',
  cancel: 'Cancel',
  fields: {
    label: 'Label',
    labelHint: 'For your reference: who it’s for',
    uses: 'Uses',
    usesHint: 'Maximum people; leave empty for no limit',
    hours: 'Valid for (hours)',
    hoursHint: 'Leave empty: never expires',
  },
  problems: {
    label: 'Use at most 60 characters, without control characters.',
    uses: 'Enter a whole number from 1 to 100,000.',
    hours: 'Enter a number above 0, at most 8,784.',
  },
} as const;

export function inviteLabel({ label, createdAt }: InviteView): string {
  return label ?? `Invite from ${new Date(createdAt).toLocaleDateString('en', { dateStyle: 'medium' })}`;
}

export function inviteState({ usable, revokedAt, expiresAt }: InviteView): string {
  if (usable) return 'valid';
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
  if (!expiresAt) return 'Never';
  const at = new Date(expiresAt).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short' });
  return Date.parse(expiresAt) <= Date.now() ? `Expired ${at}` : at;
}

export function revokeQuestion(invite: InviteView) {
  return {
    title: 'Revoke this invite?',
    text: `“${inviteLabel(invite)}” will no longer let anyone in. People who have already joined stay.`,
    confirm: 'Revoke invite',
  };
}

export const loginStrings = {
  title: 'Operator',
  name: 'Name',
  password: 'Password',
  failed: 'Could not log in',
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
  none: 'None yet. Create the first one, and send its invite link to the people who’ll take part.',
  columns: { name: 'Name', state: 'State', round: 'Round', ready: 'Ready', strategy: 'Strategy', model: 'Model' },
  unusable: 'Models that can’t be offered',
} as const;

export const presetStrings = {
  title: 'Start from',
  lead: 'Fills in the form below; you can change everything.',
} as const;

export const presetWords = {
  quick: { title: 'Quick try', text: 'Two people and three short rounds: see it work before you ask anyone.' },
  office: { title: 'Small office', text: 'Five people during a workday: eight rounds of up to half an hour.' },
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
  return `Each client downloads ${formatBytes(modelBytes)} once, tunes ${share} of the adapter in ${passes} passes over its text, and takes part for at most ${formatSeconds(rounds * deadlineSeconds)} if no round is repeated.`;
}

export const createStrings = {
  create: 'Create federation',
  cancel: 'Cancel',
  failed: 'Could not create the federation',
} as const;

export const detailStrings = {
  back: '← All federations',
  live: 'Live.',
  notLive: 'Not live: refreshes every few seconds.',
  rounds: 'Rounds',
  figures: 'Charts',
  clients: 'Clients',
  events: {
    title: 'Events',
    latest: 'Events, latest first',
    none: 'No events yet.',
    filter: 'Filter',
    filterHint: 'A name, a word, or a type such as refused. Covers the latest 200; the download has all.',
    noneSuch: 'No matching events.',
  },
} as const;

export function roundLine(round: number, rounds: number): string {
  return `Round ${round} of ${rounds}.`;
}

export function readyLine(ready: number, recruit: number): string {
  return `${ready === 1 ? '1 client' : `${ready} clients`} ready, ${recruit} needed to start.`;
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
    now: 'Status',
    device: 'Device',
    tier: 'Budget',
    examples: 'Examples',
    owns: 'Owns',
    traffic: 'Up / down',
    gain: 'Perplexity: base → tuned',
    actions: 'Actions',
  },
} as const;

/** [PF9] Of those who compared and share it. */
export function joiningLine({ people, helped, didNotHelp, ratio }: NonNullable<FederationDetail['joining']>): string {
  const unsure = people - helped - didNotHelp;
  const percent = Math.round(Math.abs(100 * (1 - ratio)));
  const mean = `on average, their perplexity is ${percent < 1 ? 'less than 1' : percent} % ${ratio < 1 ? 'lower' : 'higher'} than alone`;
  return `Of ${people} who compared with tuning alone and share it: joining helped ${helped}, didn’t help ${didNotHelp}, and ${unsure} can’t tell yet; ${mean}.`;
}

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
  title: 'Rounds, latest first',
  none: 'The first round hasn’t started.',
  noSubmission: 'No submissions yet.',
} as const;

export const roundStateWords = {
  training: 'tuning',
  aggregating: 'aggregating',
  committed: 'committed',
  failed: 'failed',
} as const;

export function roundAttempt({ number, attempt }: { number: number; attempt: number }): string {
  return attempt > 1 ? `Round ${number}, attempt ${attempt}` : `Round ${number}`;
}

export const phaseWords = {
  waiting: 'waiting',
  tuning: 'tuning',
  settling: 'grace period',
  committing: 'aggregating',
} as const;

type PhaseName = keyof typeof phaseWords;

/** "tuning 12 s, aggregating 0.2 s" */
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
  perplexityCaption: 'Averages over those who share theirs, each on their own held-out examples; lower is better.',
  loss: 'Loss',
  meanLoss: 'mean',
  lossCaption: 'Average training loss of those who share it',
  nothingShared: 'Nobody has shared results yet.',
  time: 'Time',
  timeCaption:
    'All attempts of a round: waiting since the previous round, tuning until the last submission, the grace period for latecomers, aggregating.',
  participation: 'Submissions',
  submitted: 'submitted',
  bytes: 'Update sizes',
  deltas: 'updates sent',
  noRound: 'Appears once a round is committed.',
} as const;

/** Of everything that clients sent and fetched, masks and slices too. */
export function bytesCaption({ up, down }: { up: number; down: number }): string {
  return `Total so far: ${formatBytes(up)} up, ${formatBytes(down)} down.`;
}

export function participationCaption({ goal, minimum }: { goal: number; minimum: number }): string {
  return `A round closes at ${formatCount(goal)}; with fewer than ${formatCount(minimum)}, it’s repeated.`;
}

export const downloadStrings = {
  title: 'Downloads',
  csv: 'Download results (CSV)',
  json: 'Download results (JSON)',
  events: 'Download event log (JSON)',
  adapter: {
    round: 'Adapter after round',
    button: 'Download adapter (PEFT)',
    none: 'Each round’s adapter can be downloaded once the round is committed.',
    saved:
      'Two files, adapter_config.json and adapter_model.safetensors: put them in a folder of their own for PEFT to load. If your browser asks whether this page may download multiple files, allow it.',
  },
} as const;

export const atlasStrings = {
  title: 'Mask atlas',
  overlap: 'Overlap of the masks, by group',
  overlapCaption:
    'Shared positions as a percentage of the positions in either mask, averaged over pairs of clients. People who write about the same things own the same parameters.',
  density: 'Mask density by layer and module',
  densityCaption: 'Share of each module’s positions that are kept, in percent, averaged over the group.',
  nothingKept: 'none',
  allKept: 'all',
} as const;

export function atlasLead(smallestGroup: number): string {
  const groups = 'Which parameters people own, grouped by similar masks.';
  if (smallestGroup === 1) return `${groups} This federation shows individual people’s masks, too.`;
  return `${groups} No figure is about a single person.`;
}

export function groupName(index: number, clients: number): string {
  return `Group ${String.fromCharCode(65 + (index % 26))}, ${clients === 1 ? '1 client' : `${clients} clients`}`;
}

export function tooFewMasks({ masks, smallestGroup }: { masks: number; smallestGroup: number }): string {
  const soFar = masks === 0 ? 'None yet' : `${masks} so far`;
  if (smallestGroup === 1) return `Appears once 1 person has a mask. ${soFar}.`;
  return `Appears once ${smallestGroup} people have masks, so that nobody is singled out. ${soFar}.`;
}
