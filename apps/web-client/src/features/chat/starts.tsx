import { Button, Group, Modal, Skeleton, Stack, Text, TextInput, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { allOf, firstOf, strings } from '#strings/chat.ts';
import type { HeldOutExample } from '../../contract/comparison-api.ts';
import { engine, unwrap } from '../../shared/api/engine-client.ts';
import classes from './chat.module.css';

/** So many are offered at once. */
const AT_ONCE = 3;

interface StartsProps {
  /** There is a model to ask: before it, their room is kept. */
  readonly ready: boolean;
  /** With a few to choose from at once; else only the way to all of them. */
  readonly some: boolean;
  readonly onPick: (example: HeldOutExample) => void;
}

/** [PF8] The person's held-out examples as what to begin with. */
export function Starts({ ready, some, onPick }: StartsProps) {
  const [isListed, { open, close }] = useDisclosure(false);
  const [picked, setPicked] = useState<HeldOutExample | null>(null);
  const list = () => {
    setPicked(null);
    open();
  };
  const { data, isError } = useQuery({
    queryKey: ['held-out-examples'],
    queryFn: async () => unwrap(await engine().heldOutExamples()),
    enabled: ready,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
  });
  // Text to be continued asks nothing.
  const examples = data?.examples.filter(({ prompt }) => prompt !== '') ?? [];
  if (isError || (data && examples.length === 0)) return null;
  const all = (
    <Group>
      <Button size="xs" variant="default" disabled={!data} onClick={list}>
        {some && data ? allOf(examples.length) : strings.pickStart}
      </Button>
    </Group>
  );
  return (
    <>
      {some ? (
        <Stack gap="xs">
          <Text size="sm" c="dimmed">
            {strings.starts}
          </Text>
          <div className={classes.starts}>
            {data
              ? examples.slice(0, AT_ONCE).map((example, i) => (
                  <UnstyledButton
                    key={i}
                    className={classes.start}
                    data-testid="chat-start"
                    onClick={() => onPick(example)}
                  >
                    {example.prompt}
                  </UnstyledButton>
                ))
              : Array.from({ length: AT_ONCE }, (_, i) => (
                  <Skeleton key={i} className={classes.start} animate={ready} aria-hidden />
                ))}
          </div>
          {all}
        </Stack>
      ) : (
        all
      )}
      <Modal
        opened={isListed}
        onClose={close}
        title={strings.pickStart}
        size="lg"
        // The focus goes to the message that was picked, else to where it came from.
        returnFocus={picked === null}
        onExitTransitionEnd={() => {
          if (picked) onPick(picked);
        }}
      >
        <StartList
          examples={examples}
          more={data && data.total > data.examples.length ? firstOf(data.examples.length, data.total) : null}
          onPick={(example) => {
            setPicked(example);
            close();
          }}
        />
      </Modal>
    </>
  );
}

interface StartListProps {
  readonly examples: readonly HeldOutExample[];
  /** Where these are not all. */
  readonly more: string | null;
  readonly onPick: (example: HeldOutExample) => void;
}

function StartList({ examples, more, onPick }: StartListProps) {
  const [wanted, setWanted] = useState('');
  const words = wanted.trim().toLowerCase();
  const found = examples.filter(({ prompt, response }) => `${prompt}\n${response}`.toLowerCase().includes(words));
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {[strings.starts, more].filter(Boolean).join(' ')}
      </Text>
      <TextInput
        aria-label={strings.searchStarts}
        placeholder={strings.searchStarts}
        value={wanted}
        onChange={(event) => setWanted(event.currentTarget.value)}
      />
      {found.length === 0 ? <Text size="sm">{strings.noStart}</Text> : null}
      <ul className={classes.startList}>
        {found.map((example, i) => (
          <li key={i}>
            <UnstyledButton className={classes.startRow} onClick={() => onPick(example)}>
              <Text span size="sm" fw={500} lineClamp={3} className={classes.text}>
                {example.prompt}
              </Text>
              <Text span size="sm" c="dimmed" lineClamp={2}>
                {example.response}
              </Text>
            </UnstyledButton>
          </li>
        ))}
      </ul>
    </Stack>
  );
}
