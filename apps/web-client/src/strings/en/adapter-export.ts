import type { ExportFormat } from '../../contract/exports-api.ts';

export const strings = {
  title: 'Export your model',
  lead: 'Save what you tuned in a format your tools can open. It’s written in this tab; nothing is uploaded.',
  notYet: 'Available after the first tuning.',
  form: 'Format',
  cancel: 'Cancel',
  cancelled: 'Canceled; nothing was left behind.',
  failed: 'Could not export the model',
  sizesFailed: 'Could not check what can be exported',
  writing: 'Written so far',
  ready:
    'Your browser is saving these files. If it asks whether this page may download multiple files, allow it, or save them one by one:',
  keep: 'These links work for ten minutes, or until you export again.',
  elsewhere: 'Use it elsewhere',
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
    text: 'Only what you tuned, plus your mask: for Hugging Face PEFT, on top of the same base model.',
    button: 'Export adapter',
  },
  merged: {
    title: 'Whole model (safetensors)',
    text: 'Base model and adapter merged, with the tokenizer: a folder for transformers, vLLM and similar tools.',
    button: 'Export model',
  },
  'gguf-f16': {
    title: 'GGUF, 16-bit',
    text: 'The whole model in one file for llama.cpp, Ollama or LM Studio, at the best quality.',
    button: 'Export GGUF',
  },
  'gguf-q8_0': {
    title: 'GGUF, 8-bit (Q8_0)',
    text: 'The same at half the size, with hardly any loss.',
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
  tuneOn: 'PerFIT command line: continue tuning from here',
  transformers: 'Python, with transformers',
  llamaCpp: 'llama.cpp, in a terminal',
  llamaServer: 'llama.cpp, as a web page and OpenAI-compatible API at localhost:8080',
  modelfile: 'Ollama: a file named Modelfile',
  ollama: 'Ollama: then run',
};

export const commandWords = {
  shell: 'Commands for a Linux or macOS terminal. If your browser doesn’t save to Downloads, change the path.',
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
