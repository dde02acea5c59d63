import type { ExportFormat } from '../../engine/engine-api.ts';

export const strings = {
  title: 'Take your model with you',
  lead: 'What you tuned, in the form that the tools you have can open. It is written in this tab; nothing is uploaded.',
  notYet: 'It can be downloaded after the first tuning.',
  forms: 'An adapter for PEFT, a whole model as safetensors, or one GGUF file for llama.cpp and its relatives.',
  form: 'Form',
  cancel: 'Cancel',
  cancelled: 'Cancelled; nothing is left of it.',
  failed: 'The model could not be written',
  sizesFailed: 'What can be exported could not be found out',
  writing: 'Written so far',
  ready:
    'Your browser saves these files. If it asks whether this page may save several, allow it, or save them one by one:',
  keep: 'The links hold for ten minutes, or until you export again.',
  elsewhere: 'To use it elsewhere',
  copy: 'Copy',
  copied: 'Copied',
} as const;

interface FormatStrings {
  readonly title: string;
  readonly text: string;
  readonly button: string;
}

export const formatStrings: Readonly<Record<ExportFormat, FormatStrings>> = {
  adapter: {
    title: 'Adapter (PEFT)',
    text: 'Only what you tuned, for Hugging Face’s PEFT on top of the same base model, and the mask of what you own.',
    button: 'Export adapter',
  },
  merged: {
    title: 'Whole model (safetensors)',
    text: 'Base model and adapter as one, with its tokenizer: a folder for transformers, vLLM and the like.',
    button: 'Export model',
  },
  'gguf-f16': {
    title: 'GGUF, 16 bit',
    text: 'The whole model in one file for llama.cpp, Ollama, LM Studio: as good as it gets.',
    button: 'Export GGUF',
  },
  'gguf-q8_0': {
    title: 'GGUF, 8 bit (Q8_0)',
    text: 'The same at half the size, and hardly any worse.',
    button: 'Export GGUF',
  },
};

export type CommandKind =
  | 'folder'
  | 'peft'
  | 'tuneOn'
  | 'transformers'
  | 'llamaCpp'
  | 'llamaServer'
  | 'modelfile'
  | 'ollama';

/** Over each command. */
export const commandStrings: Readonly<Record<CommandKind, string>> = {
  folder: 'Put the downloaded files into one folder',
  peft: 'Python, with PEFT',
  tuneOn: 'PerFIT’s command line: tune on from here',
  transformers: 'Python, with transformers',
  llamaCpp: 'llama.cpp, in a terminal',
  llamaServer: 'llama.cpp, as a page and an OpenAI-like service at localhost:8080',
  modelfile: 'Ollama: a file named Modelfile',
  ollama: 'Ollama: then',
};

export const commandWords = {
  shell:
    'Commands for a terminal on Linux or macOS; where your browser saves elsewhere than in Downloads, change that.',
  sameFolder: 'Run these in the folder where the file is.',
  baseFolder: 'the folder of the base model',
  message: 'What time do you open?',
} as const;

export function copyOf(command: string): string {
  return `${strings.copy}: ${command}`;
}

export function bytesOf(done: string, total: string): string {
  return `${done} of ${total}`;
}
