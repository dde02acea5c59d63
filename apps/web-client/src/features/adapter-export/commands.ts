import { type CommandKind, commandWords } from '#strings/adapter-export.ts';
import type { ExportChoice, ExportChoices } from '../../contract/exports-api.ts';

/** What to type, or to put into a file, to use an export elsewhere. */
export interface Command {
  readonly kind: CommandKind;
  readonly text: string;
}

/** The commands for one form, with the names that its files and their folder have. */
export function commandsFor(
  { format, files }: Pick<ExportChoice, 'format' | 'files'>,
  { baseModel, hasChatTemplate }: Pick<ExportChoices, 'baseModel' | 'hasChatTemplate'>,
): readonly Command[] {
  const short = baseModel.split('/').at(-1) as string;
  switch (format) {
    case 'adapter': {
      const folder = `${short}-adapter`;
      return [
        { kind: 'folder', text: intoFolder(folder, files) },
        { kind: 'peft', text: peftScript({ baseModel, folder, hasChatTemplate }) },
        {
          kind: 'tuneOn',
          text: `perfit tune models/${short} --data more.jsonl --from ${folder} --out ${folder}-2`,
        },
      ];
    }
    case 'merged': {
      const folder = `${short}-tuned`;
      return [
        { kind: 'folder', text: intoFolder(folder, files) },
        { kind: 'transformers', text: transformersScript({ folder, hasChatTemplate }) },
      ];
    }
    case 'gguf-f16':
    case 'gguf-q8_0':
      return ggufCommands(files[0]?.name ?? `${short}-tuned.gguf`, {
        name: `${short}-tuned`.toLowerCase(),
        hasChatTemplate,
      });
  }
}

function intoFolder(folder: string, files: ExportChoice['files']): string {
  return lines(`mkdir ${folder}`, `mv ~/Downloads/{${files.map(({ name }) => name).join(',')}} ${folder}/`);
}

interface Script {
  readonly folder: string;
  readonly hasChatTemplate: boolean;
}

function peftScript({ baseModel, folder, hasChatTemplate }: Script & { readonly baseModel: string }): string {
  const isOnHub = baseModel.includes('/');
  return lines(
    '# pip install torch transformers peft',
    'from peft import PeftModel',
    'from transformers import AutoModelForCausalLM, AutoTokenizer',
    '',
    isOnHub ? `base = "${baseModel}"` : `base = "models/${baseModel}"  # ${commandWords.baseFolder}`,
    'tokenizer = AutoTokenizer.from_pretrained(base)',
    `model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), "${folder}")`,
    '',
    ...(hasChatTemplate
      ? [
          `messages = [{"role": "user", "content": "${commandWords.message}"}]`,
          'prompt = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)',
          'inputs = tokenizer(prompt, return_tensors="pt", add_special_tokens=False)',
        ]
      : [`prompt = ${pythonString(alpaca(commandWords.message))}`, 'inputs = tokenizer(prompt, return_tensors="pt")']),
    'reply = model.generate(**inputs, max_new_tokens=128)[0, inputs["input_ids"].shape[1]:]',
    'print(tokenizer.decode(reply, skip_special_tokens=True))',
  );
}

function transformersScript({ folder, hasChatTemplate }: Script): string {
  return lines(
    '# pip install torch transformers',
    'from transformers import pipeline',
    '',
    `generate = pipeline("text-generation", "${folder}")`,
    ...(hasChatTemplate
      ? [
          `messages = [{"role": "user", "content": "${commandWords.message}"}]`,
          'print(generate(messages, max_new_tokens=128)[0]["generated_text"][-1]["content"])',
        ]
      : [
          `prompt = ${pythonString(alpaca(commandWords.message))}`,
          'print(generate(prompt, max_new_tokens=128, return_full_text=False)[0]["generated_text"])',
        ]),
  );
}

function ggufCommands(
  file: string,
  { name, hasChatTemplate }: { readonly name: string; readonly hasChatTemplate: boolean },
): readonly Command[] {
  return [
    {
      kind: 'llamaCpp',
      text: hasChatTemplate
        ? `llama-cli -m ${file} -cnv`
        : lines(`llama-cli -m ${file} -no-cnv -e -p ${JSON.stringify(alpaca(commandWords.message))}`),
    },
    ...(hasChatTemplate ? [{ kind: 'llamaServer', text: `llama-server -m ${file} --port 8080` } as const] : []),
    {
      kind: 'modelfile',
      text: lines(`FROM ./${file}`, ...(hasChatTemplate ? [] : [`TEMPLATE """${alpaca('{{ .Prompt }}')}"""`])),
    },
    { kind: 'ollama', text: lines(`ollama create ${name} -f Modelfile`, `ollama run ${name}`) },
  ];
}

/** How perfit-core lays out a question for a model without a chat template. */
function alpaca(message: string): string {
  return `Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n### Instruction:\n${message}\n\n### Response:\n`;
}

function pythonString(text: string): string {
  return JSON.stringify(text);
}

function lines(...text: readonly string[]): string {
  return text.join('\n');
}
