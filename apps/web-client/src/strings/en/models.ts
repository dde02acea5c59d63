import { formatBytes, formatCount } from '../../shared/format/format-number.ts';

export const strings = {
  title: 'Models',
  lead: 'Open a language model in this tab to chat with it, try an adapter on it, or measure it on your text. What you type and measure stays here.',

  device: {
    title: 'This device',
    looking: 'Checking what this device can do…',
    failed: 'This device can’t run models',
    computes: 'Runs on',
    memory: 'Usable graphics memory',
    memoryNote: 'Browsers don’t report how much there is. This is a cautious estimate from the largest buffer allowed.',
    noGraphics: 'none',
    noGraphicsNote: 'Models run on the CPU, in WebAssembly’s memory.',
    storage: 'Free storage',
    storageNote: 'in this browser, for this site',
    unknown: 'unknown',
    backends: { webgpu: 'GPU', wasm: 'CPU (WebAssembly)', cpu: 'Plain JavaScript' },
  },

  precision: {
    label: 'Weight precision',
    hint: 'Lower precision takes less memory and writes slightly worse. The download is the same.',
    auto: 'Automatic',
  },

  catalogue: {
    title: 'Catalog',
    lead: 'Small models with known shapes: what they need is estimated before anything is downloaded.',
    download: 'Download',
    context: 'Context',
    weights: 'Weights',
    languages: 'Languages',
    licence: 'License',
    gated: 'Accept the license on the Hub',
    mirrored: 'On this coordinator',
    kept: 'Saved here',
    open: 'Open',
    isOpen: 'Already open',
    tuning: 'Tuning',
    chat: 'Chat',
    why: 'Why',
    tokens: 'tokens',
    closedHub: 'This coordinator doesn’t have it, and its pages aren’t allowed to download from the Hub.',
    needsToken: 'Needs a Hub token: open it by name below.',
  },

  verdicts: { fits: 'Fits your device', tight: 'Tight', 'too large': 'Too large' },

  other: {
    title: 'Open another model',
    lead: 'Any Llama, Mistral, Qwen2 or Qwen3 model: with unquantized weights, or as a GGUF file in F32, F16, BF16, Q8_0, Q4_0 or Q4_1.',
    mirror: 'This coordinator',
    hub: 'Hugging Face Hub',
    disk: 'Your disk',
    none: 'This coordinator has no models.',
    listFailed: 'Could not list the coordinator’s models',
    mirrorLead: 'Models in the coordinator’s own folder: no other network is needed.',
    open: 'Open',
    repository: 'Repository',
    repositoryExample: 'Qwen/Qwen3-0.6B',
    repositoryHint:
      'owner/name, or owner/name@revision for a branch, a tag or a commit; owner/name:Q4_1 for one of its GGUF files',
    badRepository: 'Use owner/name, owner/name:Q4_1 or owner/name@revision.',
    token: 'Access token (gated models only)',
    tokenHint: 'It stays in this tab’s memory, is sent only to the Hub, and is gone when you leave this page.',
    closed:
      'Not available here: this coordinator’s pages may connect only to the coordinator, so that a closed network stays closed. Download the model’s folder elsewhere and open it from your disk, or ask the operator to add it to the coordinator.',
    asking: 'Checking whether this coordinator’s pages may download from the Hub…',
    diskLead:
      'A GGUF file, or the folder as it is on the Hub: config.json, tokenizer.json, tokenizer_config.json and the safetensors files. They’re read here and never sent.',
    chosen: 'Selected files',
    folder: 'Choose a folder',
    files: 'Choose files',
    cannotOpen: 'This model can’t be opened here',
  },

  opening: {
    title: 'Opening',
    starting: 'Requesting the model’s files…',
    cancel: 'Cancel',
    stopping: 'Stopping',
    stopped: 'Loading stopped. Opening the model again resumes where it left off.',
    again: 'Try again',
    dismiss: 'Close',
    failed: 'Could not open the model',
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
    kept: 'Saved in this browser',
    keptNote: 'it opens offline next time',
    notKeptNote: 'it has to be loaded again next time',
    tokens: 'tokens',
    yes: 'yes',
    no: 'no',
    notKept: 'The model is open but could not be saved',
  },

  adapter: {
    title: 'Adapter',
    lead: 'A PEFT adapter for this model: adapter_config.json and adapter_model.safetensors. You can export one from a federation.',
    choose: 'Choose both files',
    replace: 'Choose another adapter',
    remove: 'Remove adapter',
    inUse: 'In use:',
    none: 'None in use.',
    wrongFiles: 'An adapter is two files: adapter_config.json and adapter_model.safetensors. Choose both at once.',
    failed: 'Could not load the adapter',
  },

  evaluation: {
    title: 'Measure on your text',
    lead: 'Perplexity of the responses in a file: how surprised the model is by each word. Lower is better; 1 means it knows the text by heart. Token accuracy: how often the word that it finds likeliest is the right one.',
    choose: 'Choose a file',
    formats: 'JSONL, JSON, CSV or plain text. All of it is measured, and none of it leaves this tab.',
    maxLength: 'Max sequence length',
    maxLengthHint: 'In tokens; longer examples are cut off',
    run: 'Measure',
    running: 'Measuring',
    without: 'Without the adapter',
    with: 'With the adapter',
    failed: 'Could not measure the file',
    noFile: 'Choose a file first',
    columns: {
      which: 'Model',
      perplexity: 'Perplexity',
      accuracy: 'Token accuracy',
      examples: 'Examples',
      tokens: 'Tokens',
      response: 'Response tokens',
    },
  },

  kept: {
    title: 'Saved on this device',
    lead: 'What has been downloaded stays in this browser and opens offline.',
    none: 'Nothing saved yet.',
    failed: 'Could not list what is saved',
    deleteFailed: 'Could not delete the model',
    complete: 'complete',
    open: 'Open',
    delete: 'Delete',
    really: 'Delete this model?',
    cancel: 'Keep it',
    columns: { model: 'Model', size: 'Size', state: 'Status', used: 'Last used', actions: 'Actions' },
    usage: 'Storage used by this site',
    origins: { mirror: 'from the coordinator', hub: 'from the Hub', files: 'from disk' },
  },

  chat: {
    title: 'Chat with it',
    lead: 'Chats stay in this tab.',
    base: 'The model',
    personal: 'With the adapter',
    placeholder: 'Ask something, or give it a text to work on',
    noPersonal: null,
  },
} as const;

/** For what a model's needs are estimated. */
export function reckonedFor(of: { maxLength: number; batchSize: number; rank: number; contextLength: number }): string {
  const texts = of.batchSize === 1 ? 'one text' : `${of.batchSize} texts`;
  return `Memory is estimated for tuning ${texts} of ${formatCount(of.maxLength)} tokens at a time at rank ${of.rank}, and for a chat of ${formatCount(of.contextLength)} tokens.`;
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
  return `${formatBytes(bytes)} of it was already saved in this browser.`;
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
  return `Deleting ${name} frees ${formatBytes(bytes)}. To open it again, you’ll have to load it again.`;
}

export function partlyKept(stored: number, bytes: number): string {
  return `${formatBytes(stored)} of ${formatBytes(bytes)} saved`;
}

/** What to do, where the failure's own sentence does not say. */
export function adviceFor(code: string): string | null {
  if (code.startsWith('model-unsupported') || code === 'model-invalid-config') {
    return 'Choose a model from the catalog, or another Llama, Mistral, Qwen2 or Qwen3 model, with unquantized weights or as a GGUF file.';
  }
  if (code === 'model-too-large') return 'Choose a lower weight precision (int8 or int4) or a smaller model.';
  if (code === 'weights-missing-file' || code === 'tokenizer-missing-file') {
    return 'A model is a GGUF file, or a folder with config.json, tokenizer.json, tokenizer_config.json and model.safetensors, or its shards with model.safetensors.index.json.';
  }
  if (code === 'weights-unreadable' || code === 'coordinator-unreachable') {
    return 'Check the connection and try again.';
  }
  if (code.startsWith('device-'))
    return 'Close other tabs and programs, choose a lower weight precision or a smaller model, and try again.';
  if (code === 'storage-unavailable') return 'Delete a model below that you no longer need, and try again.';
  return null;
}
