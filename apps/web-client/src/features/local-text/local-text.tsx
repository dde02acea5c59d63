import { Button, FileButton, Group, Loader, Stack, Tabs, Text, Textarea } from '@mantine/core';
import { type ComponentProps, type ReactNode, useState } from 'react';
import { strings } from '#strings/local-text.ts';
import type { SplitSettings, TokenReport } from '../../contract/data-api.ts';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { Section } from '../../shared/ui/section.tsx';
import { useTouch } from '../../shared/ui/use-touch.ts';
import { filesOfChoice } from './collect-files.ts';
import { DropArea } from './drop-area.tsx';
import { FileList } from './file-list.tsx';
import { RowTable } from './row-table.tsx';
import { SampleCards } from './sample-cards.tsx';
import type { SampleText } from './sample-texts.ts';
import { SizeNotice } from './size-notice.tsx';
import { Totals } from './totals.tsx';
import { type Dataset, hasExamples, type Reader, useLocalText } from './use-local-text.ts';

interface LocalTextProps {
  readonly step: number;
  readonly split: SplitSettings;
  readonly reader: Reader;
  /** Must stay the same from one rendering to the next. */
  readonly onChange: (dataset: Dataset | null) => void;
  /** The same; null where nothing is counted, or not yet. */
  readonly onTokens: (report: TokenReport | null) => void;
  /** How long a round of the text at hand will take here; null where that is not known. */
  readonly roundSeconds: number | null;
  readonly deadlineSeconds: number;
}

const ACCEPT = '.jsonl,.ndjson,.json,.csv,.tsv,.tab,.txt,.md,.markdown';

/** Where a person gives their text: files, a folder, a paste or a sample; and what was found in it. */
export function LocalText(props: LocalTextProps) {
  const { step, split, reader, onChange, onTokens, roundSeconds, deadlineSeconds } = props;
  const { report, failure, reading, tokens, take, add, remove, use, map } = useLocalText({
    split,
    reader,
    onChange,
    onTokens,
  });
  const isTouch = useTouch();
  const [samplesWanted, setSamplesWanted] = useState(false);
  const refusal = failure ?? report?.failure ?? null;
  const needsColumns = report?.files.some((file) => file.failure !== null && file.columns.length > 0) ?? false;
  return (
    <Section
      step={step}
      title={strings.title}
      lead={strings.lead}
      aside={reading ? <Loader size="sm" aria-label={strings.reading} /> : null}
    >
      <Tabs defaultValue="file" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="file">{strings.filesTab}</Tabs.Tab>
          <Tabs.Tab value="paste">{strings.paste}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="file" pt="md">
          <DropArea onFiles={take}>
            <Stack gap="xs" align="center">
              {isTouch || report ? null : (
                <Text fw={600} ta="center">
                  {strings.drop}
                </Text>
              )}
              <Group gap="sm" justify="center">
                <FilesButton testId="dataset-file" onFiles={(files) => take(filesOfChoice(files))}>
                  {strings.choose}
                </FilesButton>
                {isTouch ? null : (
                  <FilesButton isFolder testId="dataset-folder" onFiles={(files) => take(filesOfChoice(files))}>
                    {strings.chooseFolder}
                  </FilesButton>
                )}
                {report && !samplesWanted ? (
                  <Button variant="subtle" onClick={() => setSamplesWanted(true)}>
                    {strings.samples}
                  </Button>
                ) : null}
              </Group>
              {report ? null : (
                <Text size="sm" c="dimmed" ta="center">
                  {strings.formats}
                </Text>
              )}
            </Stack>
          </DropArea>
          {report && !samplesWanted ? null : (
            <SampleCards
              onSample={(sample) => {
                setSamplesWanted(false);
                take(fetchSample(sample));
              }}
            />
          )}
        </Tabs.Panel>
        <Tabs.Panel value="paste" pt="md">
          <PasteForm onText={(text) => take(filesOfChoice([new File([text], nameOf(text))]))} />
        </Tabs.Panel>
      </Tabs>
      {refusal ? (
        <FailureAlert failure={refusal} title={strings.cannotUse}>
          {needsColumns ? <Text size="sm">{strings.sayColumns}</Text> : null}
        </FailureAlert>
      ) : null}
      {report ? (
        <Stack gap="clamp(10px, 2vw, 16px)" data-testid="dataset-report">
          {hasExamples(report) ? (
            <Stack gap="md">
              <Totals report={report} tokens={tokens} />
              {report.failure ? null : <SizeNotice {...{ report, roundSeconds, deadlineSeconds }} onUse={use} />}
            </Stack>
          ) : null}
          <FileList
            files={report.files}
            onRemove={remove}
            onMap={map}
            aside={
              <FilesButton isSmall testId="dataset-add" onFiles={(files) => add(filesOfChoice(files))}>
                {strings.add}
              </FilesButton>
            }
          />
          {hasExamples(report) ? <Rows report={report} tokens={tokens} /> : null}
        </Stack>
      ) : null}
    </Section>
  );
}

/** For whoever wants to look: the examples themselves. */
function Rows(props: ComponentProps<typeof RowTable>) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>{strings.rows}</summary>
      {isOpen ? <RowTable {...props} /> : null}
    </details>
  );
}

interface FilesButtonProps {
  readonly testId: string;
  readonly isFolder?: boolean;
  readonly isSmall?: boolean;
  readonly onFiles: (files: readonly File[]) => void;
  readonly children: ReactNode;
}

function FilesButton({ testId, isFolder = false, isSmall = false, onFiles, children }: FilesButtonProps) {
  const inputProps = { 'data-testid': testId, ...(isFolder ? { webkitdirectory: '' } : {}) } as object;
  return (
    <FileButton
      multiple
      onChange={(files) => files.length > 0 && onFiles(files)}
      {...(isFolder ? {} : { accept: ACCEPT })}
      inputProps={inputProps}
    >
      {(props) => (
        <Button {...props} variant="default" size={isSmall ? 'compact-sm' : 'sm'}>
          {children}
        </Button>
      )}
    </FileButton>
  );
}

function PasteForm({ onText }: { readonly onText: (text: string) => void }) {
  const [pasted, setPasted] = useState('');
  return (
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
      <Button variant="default" disabled={!pasted.trim()} onClick={() => onText(pasted)}>
        {strings.usePasted}
      </Button>
    </Stack>
  );
}

async function fetchSample({ name, url }: SampleText) {
  return { name, files: [{ name, content: await (await fetch(url)).blob() }] };
}

/** The ending says how to read it. */
function nameOf(text: string): string {
  const first = text.trimStart().charAt(0);
  return first === '{' ? 'pasted.jsonl' : first === '[' ? 'pasted.json' : 'pasted.txt';
}
