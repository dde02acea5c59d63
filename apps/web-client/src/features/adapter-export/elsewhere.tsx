import { Button, Code, CopyButton, Group, Stack, Text } from '@mantine/core';
import { strings } from '#strings/adapter-export.ts';
import type { ExportChoice } from '../../engine/engine-api.ts';

/** What to type where the files are. */
export function Elsewhere({ choice, baseModel }: { readonly choice: ExportChoice; readonly baseModel: string }) {
  return (
    <Stack gap="xs">
      <Text fw={500} size="sm">
        {strings.elsewhere}
      </Text>
      {commandsFor(choice, baseModel).map(({ tool, text }) => (
        <Stack key={tool} gap={4}>
          <Group justify="space-between" wrap="nowrap" gap="xs">
            <Text size="sm" c="dimmed">
              {tool}
            </Text>
            <CopyButton value={text}>
              {({ copied, copy }) => (
                <Button
                  size="compact-xs"
                  variant="subtle"
                  flex="none"
                  onClick={copy}
                  aria-label={`${strings.copy}: ${tool}`}
                >
                  {copied ? strings.copied : strings.copy}
                </Button>
              )}
            </CopyButton>
          </Group>
          <Code block>{text}</Code>
        </Stack>
      ))}
    </Stack>
  );
}

interface Command {
  readonly tool: string;
  readonly text: string;
}

function commandsFor({ format, files }: ExportChoice, baseModel: string): readonly Command[] {
  switch (format) {
    case 'adapter':
      return [
        {
          tool: 'Python, with the files in the folder my-adapter',
          text: lines(
            'from peft import PeftModel',
            'from transformers import AutoModelForCausalLM',
            '',
            `base = AutoModelForCausalLM.from_pretrained("${baseModel}")`,
            'model = PeftModel.from_pretrained(base, "my-adapter")',
          ),
        },
        {
          tool: 'PerFIT’s command line, to tune on from there',
          text: `perfit tune path/to/${baseModel} --data more.jsonl --from my-adapter --out my-next-adapter`,
        },
      ];
    case 'merged':
      return [
        {
          tool: 'Python, with the files in the folder my-model',
          text: lines(
            'from transformers import pipeline',
            '',
            'chat = pipeline("text-generation", "my-model")',
            'print(chat([{"role": "user", "content": "Hello"}], max_new_tokens=64))',
          ),
        },
      ];
    case 'gguf-f16':
    case 'gguf-q8_0': {
      const name = files[0]?.name ?? 'model.gguf';
      return [
        { tool: 'llama.cpp', text: `llama-cli -m ${name} -cnv` },
        {
          tool: 'Ollama',
          text: lines(
            `echo "FROM ./${name}" > Modelfile`,
            'ollama create my-model -f Modelfile',
            'ollama run my-model',
          ),
        },
      ];
    }
  }
}

function lines(...text: readonly string[]): string {
  return text.join('\n');
}
