import { Button, FileButton, Group, Loader, Menu, Stack, Tabs, Text, Textarea } from '@mantine/core';
import { type DragEvent, type ReactNode, useState } from 'react';
import type { DataReport, SplitSettings } from '../../engine/engine-api.ts';
import { engine, unwrap } from '../../shared/engine-client/engine-client.ts';
import { type Failure, failureOf } from '../../shared/failure/failure.ts';
import { FailureAlert } from '../../shared/notices/failure-alert.tsx';
import { Section } from '../../shared/ui/section.tsx';
import { DataPreview } from './data-preview.tsx';
import classes from './local-text.module.css';
import { type SampleText, sampleTexts } from './sample-texts.ts';
import { strings } from './strings.ts';

/** A text that can be tuned on. */
export interface Dataset {
  readonly name: string;
  readonly content: Blob;
  readonly report: DataReport;
}

interface LocalTextProps {
  readonly step: number;
  readonly split: SplitSettings;
  readonly dataset: Dataset | null;
  readonly onChange: (dataset: Dataset | null) => void;
}

const ACCEPT = '.jsonl,.json,.csv,.tsv,.txt,.md';

/** Where a person gives their text: a file, a paste or a sample; and what was found in it. */
export function LocalText({ step, split, dataset, onChange }: LocalTextProps) {
  const [pasted, setPasted] = useState('');
  const [reading, setReading] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);

  const inspect = async (name: string, load: () => Promise<Blob> | Blob) => {
    setReading(true);
    setFailure(null);
    try {
      const content = await load();
      const report = unwrap(await engine().inspectData(name, content, split));
      onChange({ name, content, report });
    } catch (error) {
      onChange(null);
      setFailure(failureOf(error));
    } finally {
      setReading(false);
    }
  };
  const takeFile = (file: File | null | undefined) => {
    if (file) void inspect(file.name, () => file);
  };
  const takeSample = ({ name, url }: SampleText) => void inspect(name, async () => (await fetch(url)).blob());

  return (
    <Section
      step={step}
      title={strings.title}
      lead={strings.lead}
      aside={reading ? <Loader size="sm" aria-label={strings.reading} /> : null}
    >
      <Tabs defaultValue="file" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="file">File or sample</Tabs.Tab>
          <Tabs.Tab value="paste">{strings.paste}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="file" pt="md">
          <DropArea onFile={takeFile}>
            <Stack gap="xs" align="center">
              <Text fw={600} ta="center">
                {strings.drop}
              </Text>
              <Text size="sm" c="dimmed" ta="center">
                {strings.formats}
              </Text>
              <Group gap="sm" justify="center">
                <FileButton
                  onChange={takeFile}
                  accept={ACCEPT}
                  inputProps={{ 'data-testid': 'dataset-file' } as object}
                >
                  {(props) => (
                    <Button {...props} variant="default">
                      {strings.choose}
                    </Button>
                  )}
                </FileButton>
                <Menu>
                  <Menu.Target>
                    <Button variant="light">{strings.samples}</Button>
                  </Menu.Target>
                  <Menu.Dropdown maw={300}>
                    <Menu.Label style={{ whiteSpace: 'normal' }}>{strings.sampleLead}</Menu.Label>
                    {sampleTexts.map((sample) => (
                      <Menu.Item key={sample.name} onClick={() => takeSample(sample)}>
                        {sample.title}
                      </Menu.Item>
                    ))}
                  </Menu.Dropdown>
                </Menu>
              </Group>
            </Stack>
          </DropArea>
        </Tabs.Panel>
        <Tabs.Panel value="paste" pt="md">
          <Stack gap="sm" align="flex-start">
            <Textarea
              w="100%"
              label={strings.pasteLabel}
              description={strings.pasteHint}
              autosize
              minRows={6}
              maxRows={16}
              spellCheck={false}
              value={pasted}
              onChange={(event) => setPasted(event.currentTarget.value)}
            />
            <Button
              variant="default"
              disabled={!pasted.trim()}
              onClick={() => void inspect(nameOf(pasted), () => new Blob([pasted]))}
            >
              {strings.usePasted}
            </Button>
          </Stack>
        </Tabs.Panel>
      </Tabs>
      {failure ? <FailureAlert failure={failure} title="This text cannot be used as it is" /> : null}
      {dataset ? <DataPreview report={dataset.report} /> : null}
    </Section>
  );
}

interface DropAreaProps {
  readonly onFile: (file: File | undefined) => void;
  readonly children: ReactNode;
}

function DropArea({ onFile, children }: DropAreaProps) {
  const [over, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    onFile(event.dataTransfer.files[0]);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is the mouse's way; the button beside it is the keyboard's
    <div
      className={classes.drop}
      data-over={over || undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      {children}
    </div>
  );
}

/** The ending says how to read it. */
function nameOf(text: string): string {
  const first = text.trimStart().charAt(0);
  return first === '{' ? 'pasted.jsonl' : first === '[' ? 'pasted.json' : 'pasted.txt';
}
