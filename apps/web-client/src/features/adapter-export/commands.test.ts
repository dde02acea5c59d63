import { describe, expect, it } from 'vitest';
import type { ExportFormat } from '../../contract/exports-api.ts';
import { commandsFor } from './commands.ts';

const filesOf: Record<ExportFormat, readonly string[]> = {
  adapter: ['adapter_config.json', 'adapter_model.safetensors', 'mask.bin'],
  merged: ['config.json', 'model.safetensors', 'tokenizer.json'],
  'gguf-f16': ['SmolLM2-135M-Instruct-tuned-F16.gguf'],
  'gguf-q8_0': ['SmolLM2-135M-Instruct-tuned-Q8_0.gguf'],
};

function textsFor(format: ExportFormat, baseModel: string, hasChatTemplate = true): Record<string, string> {
  const files = filesOf[format].map((name) => ({ name, bytes: 1 }));
  const commands = commandsFor({ format, files }, { baseModel, hasChatTemplate });
  return Object.fromEntries(commands.map(({ kind, text }) => [kind, text]));
}

describe('the commands for elsewhere', () => {
  it('name every file, its folder, and the base model', () => {
    const { folder, peft } = textsFor('adapter', 'HuggingFaceTB/SmolLM2-135M-Instruct');
    for (const file of filesOf.adapter) expect(folder).toContain(file);
    expect(folder).toContain('mkdir SmolLM2-135M-Instruct-adapter');
    expect(peft).toContain('base = "HuggingFaceTB/SmolLM2-135M-Instruct"\n');
    expect(peft).toContain('"SmolLM2-135M-Instruct-adapter")');
    expect(textsFor('adapter', 'perfit-nano').peft).toContain('base = "models/perfit-nano"  # the folder');
    expect(textsFor('merged', 'perfit-nano').transformers).toContain('"perfit-nano-tuned"');
  });

  it('run the GGUF file by its name, in lower case where Ollama wants that', () => {
    const texts = textsFor('gguf-q8_0', 'HuggingFaceTB/SmolLM2-135M-Instruct');
    const [file] = filesOf['gguf-q8_0'];
    expect(texts.llamaCpp).toBe(`llama-cli -m ${file} -cnv`);
    expect(texts.modelfile).toBe(`FROM ./${file}`);
    expect(texts.ollama).toContain('ollama run smollm2-135m-instruct-tuned');
  });

  it('lay the question out themselves where the model brings no chat template', () => {
    for (const format of Object.keys(filesOf) as ExportFormat[]) {
      const texts = Object.values(textsFor(format, 'tiny', false)).join('\n');
      expect(texts, format).not.toMatch(/apply_chat_template|-m \S+ -cnv|"role"/);
      expect(texts, format).toContain('### Response:');
    }
  });
});
