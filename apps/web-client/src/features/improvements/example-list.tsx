import { Accordion, Button, Group, SegmentedControl, Stack, Text, VisuallyHidden } from '@mantine/core';
import { useState } from 'react';
import { fromTo, fromToInWords, gainInWords, strings } from '#strings/improvements.ts';
import type { ComparedExample, HeldOutExample } from '../../contract/comparison-api.ts';
import classes from './example-list.module.css';
import { byGain, gainOf, standingOf } from './gains.ts';
import { TokenView } from './token-view.tsx';

type Sort = keyof typeof strings.sorts;

const AT_FIRST = 8;

interface ExampleListProps {
  readonly examples: readonly ComparedExample[];
  readonly onTry: (example: HeldOutExample) => void;
}

/** Every example with what it gained or lost; opened, token by token. */
export function ExampleList({ examples, onTry }: ExampleListProps) {
  const [sort, setSort] = useState<Sort>('gain');
  const [shown, setShown] = useState(AT_FIRST);
  const [opened, setOpened] = useState<string | null>(null);
  const sorted = sortedBy(examples, sort);
  return (
    <Stack gap="sm">
      <Group justify="space-between" gap="sm">
        <Text fw={500} component="h3" m={0}>
          {strings.examples}
        </Text>
        <SegmentedControl
          size="xs"
          aria-label={strings.sort}
          value={sort}
          onChange={(value) => setSort(value as Sort)}
          data={Object.entries(strings.sorts).map(([value, label]) => ({ value, label }))}
        />
      </Group>
      <Accordion variant="contained" radius="md" order={4} value={opened} onChange={setOpened}>
        {sorted.slice(0, shown).map((example) => {
          const key = String(examples.indexOf(example));
          const gain = gainOf(example);
          const standing = standingOf(example);
          const [base, personal] = [Math.exp(example.base), Math.exp(example.personal)];
          return (
            <Accordion.Item
              key={key}
              value={key}
              data-testid="compared-example"
              data-tokens={example.tokens}
              data-base={example.base}
              data-personal={example.personal}
            >
              <Accordion.Control>
                <span className={classes.row}>
                  <span className={classes.texts}>
                    <Text span size="sm" fw={500} lineClamp={1}>
                      {example.prompt || strings.noPrompt}
                    </Text>
                    <Text span size="sm" c="dimmed" lineClamp={1} aria-hidden>
                      {example.response}
                    </Text>
                  </span>
                  <span className={classes.gain}>
                    <Text span size="sm" fw={600} className={classes[standing]}>
                      {gainInWords(gain, standing)}
                    </Text>
                    <Text span size="xs" c="dimmed" aria-hidden>
                      {fromTo(base, personal)}
                    </Text>
                    <VisuallyHidden component="span">{fromToInWords(base, personal)}</VisuallyHidden>
                  </span>
                </span>
              </Accordion.Control>
              <Accordion.Panel>
                {opened === key ? (
                  <Stack gap="sm">
                    {example.prompt ? (
                      <Text size="sm" className={classes.prompt}>
                        {example.prompt}
                      </Text>
                    ) : null}
                    <TokenView example={example} />
                    {example.prompt ? (
                      <Group>
                        <Button size="xs" variant="light" onClick={() => onTry(example)}>
                          {strings.tryIt}
                        </Button>
                      </Group>
                    ) : null}
                  </Stack>
                ) : null}
              </Accordion.Panel>
            </Accordion.Item>
          );
        })}
      </Accordion>
      {sorted.length > shown ? (
        <Group>
          <Button size="xs" variant="subtle" onClick={() => setShown(sorted.length)}>
            {`${strings.showMore} (${sorted.length - shown})`}
          </Button>
        </Group>
      ) : null}
    </Stack>
  );
}

function sortedBy(examples: readonly ComparedExample[], sort: Sort): readonly ComparedExample[] {
  switch (sort) {
    case 'gain':
      return byGain(examples);
    case 'loss':
      return byGain(examples).reverse();
    case 'text':
      return examples;
  }
}
