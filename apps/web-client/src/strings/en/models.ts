import { formatBytes, formatCount } from '../../shared/format/format-number.ts';

export const strings = {
  title: 'Models',
  lead: 'Open a language model in this tab to talk to it, to try an adapter on it, or to measure it on your text. What you type and what you measure stays here.',

  device: {
    title: 'This device',
    looking: 'Looking at what this device can do.',
    failed: 'This device cannot compute models',
    computes: 'Computes on',
    memory: 'Graphics memory counted on',
    memoryNote:
      'A browser does not say how much there is. This is a cautious guess from the largest buffer that it allows.',
    noGraphics: 'none',
    noGraphicsNote: 'The processor computes, in the memory that WebAssembly has.',
    storage: 'Room to keep models',
    storageNote: 'in this browser, for this site',
    unknown: 'unknown',
    backends: { webgpu: 'Graphics processor', wasm: 'Processor (WebAssembly)', cpu: 'Plain JavaScript' },
  },

  precision: {
    label: 'Weights held as',
    hint: 'Coarser weights take less memory and write a little worse. The download is the same.',
    auto: 'Automatic',
  },

  catalogue: {
    title: 'Catalogue',
    lead: 'Small models whose shapes are known: what they take is reckoned before anything is fetched.',
    download: 'Download',
    context: 'Context',
    weights: 'Weights',
    languages: 'Languages',
    licence: 'Licence',
    gated: 'Licence to accept on the Hub',
    mirrored: 'On this coordinator',
    kept: 'Kept here',
    open: 'Open',
    isOpen: 'Open now',
    tuning: 'Tuning',
    chat: 'Chat',
    why: 'Why',
    tokens: 'tokens',
    closedHub: 'This coordinator does not have it, and its page may not fetch from the Hub.',
    needsToken: 'Needs a token of the Hub: open it by name below.',
  },

  verdicts: { fits: 'Fits your device', tight: 'Tight', 'too large': 'Too large' },

  other: {
    title: 'Open another model',
    lead: 'Any model of the Llama, Mistral, Qwen2 or Qwen3 type: with unquantised weights, or as a GGUF file of F32, F16, BF16, Q8_0, Q4_0 or Q4_1.',
    mirror: 'This coordinator',
    hub: 'Hugging Face Hub',
    disk: 'Your disk',
    none: 'This coordinator mirrors no model.',
    listFailed: 'The coordinator’s models could not be listed',
    mirrorLead: 'Models in the coordinator’s own folder: they need no other network.',
    open: 'Open',
    repository: 'Repository',
    repositoryExample: 'Qwen/Qwen3-0.6B',
    repositoryHint:
      'owner/name, or owner/name@revision for a branch, a tag or a commit; owner/name:Q4_1 for one of its GGUF files',
    badRepository: 'Write it as owner/name, owner/name:Q4_1 or owner/name@revision.',
    token: 'Access token (gated models only)',
    tokenHint: 'It stays in the memory of this tab, is sent to the Hub alone, and is gone when you leave this page.',
    closed:
      'Not here: the pages of this coordinator may speak to the coordinator only, so that a closed network stays closed. Download the model’s folder elsewhere and open it from your disk, or ask the operator to put it on the coordinator.',
    asking: 'Asking the coordinator whether its pages may fetch from the Hub.',
    diskLead:
      'A GGUF file, or the folder as it is on the Hub: config.json, tokenizer.json, tokenizer_config.json and the safetensors files. They are read here and sent nowhere.',
    chosen: 'The chosen files',
    folder: 'Choose a folder',
    files: 'Choose files',
    cannotOpen: 'This model cannot be opened here',
  },

  opening: {
    title: 'Opening',
    starting: 'Asking for the model’s files.',
    cancel: 'Cancel',
    stopping: 'Stopping',
    stopped: 'The load was stopped. Opening the model again goes on from what has come.',
    again: 'Try again',
    dismiss: 'Close',
    failed: 'The model could not be opened',
    progress: 'Loading the model',
  },

  opened: {
    title: 'Open model',
    close: 'Close the model',
    type: 'Type',
    parameters: 'Parameters',
    weights: 'Weights',
    context: 'Context',
    revision: 'Revision',
    kept: 'Kept in this browser',
    keptNote: 'it opens without the network next time',
    notKeptNote: 'it is fetched again next time',
    tokens: 'tokens',
    yes: 'yes',
    no: 'no',
    notKept: 'The model is open, and could not be kept',
  },

  adapter: {
    title: 'Adapter',
    lead: 'A PEFT adapter for this model: adapter_config.json and adapter_model.safetensors. What a federation made for you is one.',
    choose: 'Choose its two files',
    replace: 'Choose another adapter',
    remove: 'Go without',
    inUse: 'In use:',
    none: 'None is in use.',
    wrongFiles: 'An adapter is two files: adapter_config.json and adapter_model.safetensors. Choose both at once.',
    failed: 'The adapter could not be taken up',
  },

  evaluation: {
    title: 'Measure on your text',
    lead: 'Perplexity of the responses in a file: how surprised the model is by each word. Lower is better; 1 is knowing it by heart.',
    choose: 'Choose a file',
    formats: 'JSONL, JSON, CSV or plain text. All of it is measured, and none of it leaves this tab.',
    maxLength: 'Longest example, in tokens',
    maxLengthHint: 'longer ones are cut',
    run: 'Measure',
    running: 'Measuring',
    without: 'Without adapter',
    with: 'With the adapter',
    failed: 'The file could not be measured',
    noFile: 'Choose a file first.',
    columns: {
      which: 'Model',
      perplexity: 'Perplexity',
      examples: 'Examples',
      tokens: 'Tokens',
      response: 'Response tokens',
    },
  },

  kept: {
    title: 'Kept on this device',
    lead: 'What has been fetched stays in this browser and opens without the network.',
    none: 'Nothing is kept yet.',
    failed: 'What is kept could not be listed',
    deleteFailed: 'The model could not be deleted',
    complete: 'complete',
    open: 'Open',
    delete: 'Delete',
    really: 'Delete this model?',
    cancel: 'Keep it',
    columns: { model: 'Model', size: 'Size', state: 'State', used: 'Last used', actions: 'Actions' },
    usage: 'Space of this site in this browser',
    origins: { mirror: 'from the coordinator', hub: 'from the Hub', files: 'from disk' },
  },

  chat: {
    title: 'Talk to it',
    lead: 'Chats stay in this tab.',
    base: 'The model',
    personal: 'With the adapter',
    placeholder: 'Ask something, or give it a text to work on',
    noPersonal: null,
  },
} as const;

/** For what a model's needs are reckoned. */
export function reckonedFor(of: { maxLength: number; batchSize: number; rank: number; contextLength: number }): string {
  const texts = of.batchSize === 1 ? 'one text' : `${of.batchSize} texts`;
  return `Memory is reckoned for tuning ${texts} of ${formatCount(of.maxLength)} tokens at a time in rank ${of.rank}, and for a chat of ${formatCount(of.contextLength)} tokens.`;
}

/** A word and what it says, as one. */
export function labelled(label: string, value: string): string {
  return `${label}: ${value}`;
}

/** What a button does, to whoever does not see what it stands beside. */
export function actOn(action: string, name: string): string {
  return `${action} ${name}`;
}

export function chosenFiles(modelType: string, files: number, bytes: number): string {
  return `${modelType} · ${files} ${files === 1 ? 'file' : 'files'}, ${formatBytes(bytes)}`;
}

export function fromKept(bytes: number): string {
  return `${formatBytes(bytes)} of it came from what this browser keeps.`;
}

export function timeLeft(time: string): string {
  return `${time} left`;
}

export function parameterCount(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} billion`;
  return `${(count / 1e6).toFixed(count < 1e7 ? 1 : 0)} million`;
}

export function about(amount: string): string {
  return `about ${amount}`;
}

export function progressLine(bytes: number, total: number): string {
  return `${formatBytes(bytes)} of ${formatBytes(total)}`;
}

export function reallyDelete(name: string, bytes: number): string {
  return `${name} frees ${formatBytes(bytes)}. To open it again it has to be fetched again.`;
}

export function partlyKept(stored: number, bytes: number): string {
  return `${formatBytes(stored)} of ${formatBytes(bytes)} kept`;
}

/** What to do, where the failure's own sentence does not say. */
export function adviceFor(code: string): string | null {
  if (code.startsWith('model-unsupported') || code === 'model-invalid-config') {
    return 'Choose a model of the catalogue, or another of the Llama, Mistral, Qwen2 or Qwen3 type, with unquantised weights or as a GGUF file.';
  }
  if (code === 'model-too-large') return 'Choose coarser weights (int8 or int4), or a smaller model.';
  if (code === 'weights-missing-file' || code === 'tokenizer-missing-file') {
    return 'A model is a GGUF file, or a folder with config.json, tokenizer.json, tokenizer_config.json and model.safetensors, or its shards with model.safetensors.index.json.';
  }
  if (code === 'weights-unreadable' || code === 'coordinator-unreachable') {
    return 'Check the connection and try again.';
  }
  if (code.startsWith('device-'))
    return 'Close other tabs and programs, choose coarser weights or a smaller model, and try again.';
  if (code === 'storage-unavailable') return 'Delete a model below that you no longer need, and try again.';
  return null;
}
