import { type Draft, emptyDraft } from './federation-draft.ts';

export const presetNames = ['quick', 'office', 'overnight'] as const;
export type PresetName = (typeof presetNames)[number];

const presets: Readonly<Record<PresetName, Partial<Draft>>> = {
  quick: {
    'schedule.rounds': 3,
    'schedule.recruit': 2,
    'schedule.goal': 2,
    'schedule.minimum': 2,
    'schedule.deadlineSeconds': 300,
    'tuning.epochs': 1,
    'tuning.maxLength': 128,
    'lora.rank': 4,
  },
  office: {
    'schedule.rounds': 8,
    'schedule.recruit': 5,
    'schedule.goal': 5,
    'schedule.minimum': 3,
    'schedule.deadlineSeconds': 1800,
    'tuning.epochs': 2,
    'tuning.maxLength': 256,
    'lora.rank': 8,
  },
  overnight: {
    'schedule.rounds': 12,
    'schedule.recruit': 6,
    'schedule.goal': 8,
    'schedule.minimum': 4,
    'schedule.deadlineSeconds': 2400,
    'tuning.epochs': 3,
    'tuning.maxLength': 512,
    'lora.rank': 8,
    'wire.dtype': 'int8',
  },
};

/** A preset's values over the defaults; what names the federation stays as it was typed. */
export function withPreset(draft: Draft, preset: PresetName): Draft {
  const { name, description, model, access } = draft;
  const host = { 'host.name': draft['host.name'], 'host.contact': draft['host.contact'] };
  return { ...emptyDraft, ...presets[preset], name, description, model, access, ...host };
}
