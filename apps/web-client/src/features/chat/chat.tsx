import {
  Box,
  Button,
  Collapse,
  Group,
  Paper,
  SegmentedControl,
  Stack,
  Text,
  Textarea,
  VisuallyHidden,
} from '@mantine/core';
import { useDisclosure, useLocalStorage } from '@mantine/hooks';
import { type FormEvent, useEffect, useId, useRef, useState } from 'react';
import { answered, type ChatWords, settingsStrings, strings } from '#strings/chat.ts';
import type { ChatWhich } from '../../contract/chat-api.ts';
import type { HeldOutExample } from '../../contract/comparison-api.ts';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { Section } from '../../shared/ui/section.tsx';
import classes from './chat.module.css';
import { type ChatSettings, defaultSettings, parseSettings } from './chat-settings.ts';
import type { Exchange } from './conversation.ts';
import { ExchangeView } from './exchange-view.tsx';
import { SettingsPanel } from './settings-panel.tsx';
import { Starts } from './starts.tsx';
import { useChat } from './use-chat.ts';

type Who = 'both' | ChatWhich;

const WHOS: readonly Who[] = ['both', 'base', 'personal'];

interface ChatProps {
  /** Which models are there to talk to. */
  readonly ready: { readonly base: boolean; readonly personal: boolean };
  /** Rounds run on the same device. */
  readonly working: boolean;
  /** What the two are called here; those of a federation where absent. */
  readonly words?: ChatWords;
  /** The model is so small that it says little of sense. */
  readonly isDemonstration: boolean;
  /** The person's held-out examples are there to begin with. */
  readonly hasExamples?: boolean;
  /** One that was chosen elsewhere on the page, to be asked next. */
  readonly chosen?: HeldOutExample | null;
}

/** The same question to the base model and to the personal one, answers side by side. */
export function Chat({
  ready,
  working,
  words = strings,
  isDemonstration,
  hasExamples = false,
  chosen = null,
}: ChatProps) {
  const [settings, setSettings] = useChatSettings();
  const { exchanges, isBusy, failure, ask, askAgain, stop, clear } = useChat(settings);
  const [question, setQuestion] = useState('');
  const [start, setStart] = useState<HeldOutExample | null>(null);
  const [who, setWho] = useState<Who>('both');
  const [isSetting, { toggle }] = useDisclosure(false);
  const input = useRef<HTMLTextAreaElement>(null);
  const settingsId = useId();
  const log = useLatestInView(exchanges);

  const asked = (['base', 'personal'] as const).filter((which) => ready[which] && (who === 'both' || who === which));
  const sideBySide = words.noPersonal !== null && who === 'both';
  const canAsk = asked.length > 0 && !isBusy;

  const begin = (example: HeldOutExample) => {
    setStart(example);
    setQuestion(example.prompt);
    input.current?.focus();
  };
  useEffect(() => {
    if (!chosen) return;
    setStart(chosen);
    setQuestion(chosen.prompt);
    input.current?.scrollIntoView({ block: 'center' });
    input.current?.focus({ preventScroll: true });
  }, [chosen]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const text = question.trim();
    if (!text || !canAsk) return;
    const expected = start?.prompt.trim() === text ? start.response : null;
    ask({ question: text, expected, asked, hadPersonal: ready.personal });
    setQuestion('');
    setStart(null);
  };

  return (
    <Section title={words.title} lead={words.lead}>
      <Stack gap="md">
        {isDemonstration ? (
          <Paper withBorder radius="md" p="sm">
            <Text size="sm" c="dimmed">
              {strings.demonstration}
            </Text>
          </Paper>
        ) : null}
        {exchanges.length === 0 ? null : (
          <Box
            ref={log}
            className={classes.log}
            role="log"
            aria-live="off"
            aria-label={strings.conversation}
            tabIndex={0}
          >
            {exchanges.map((exchange, i) => (
              <ExchangeView
                key={i}
                exchange={exchange}
                words={words}
                busy={isBusy && i === exchanges.length - 1}
                sideBySide={sideBySide || exchange.asked.length > 1}
              />
            ))}
          </Box>
        )}
        {/* Whole answers, once: word by word nobody can listen to two. */}
        <VisuallyHidden role="status">{isBusy ? strings.answering : spoken(exchanges.at(-1), words)}</VisuallyHidden>
        {failure ? <FailureAlert failure={failure} title={strings.failed} /> : null}
        {hasExamples ? <Starts ready={ready.base} some={exchanges.length === 0} onPick={begin} /> : null}
        <form onSubmit={submit}>
          <Stack gap="sm">
            <Textarea
              ref={input}
              label={strings.question}
              placeholder={words.placeholder}
              autosize
              minRows={2}
              maxRows={8}
              value={question}
              onChange={(event) => setQuestion(event.currentTarget.value)}
              onKeyDown={(event) => {
                if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) submit(event);
              }}
            />
            <Group gap="sm" justify="space-between">
              <Group gap="xs">
                {isBusy ? (
                  <Button variant="default" onClick={stop}>
                    {strings.stop}
                  </Button>
                ) : (
                  <Button type="submit" disabled={!question.trim() || !canAsk}>
                    {strings.send}
                  </Button>
                )}
                <Button
                  variant="default"
                  disabled={exchanges.length === 0 || !canAsk}
                  onClick={() => askAgain({ asked, hadPersonal: ready.personal })}
                >
                  {strings.again}
                </Button>
                <Button variant="subtle" disabled={exchanges.length === 0} onClick={clear}>
                  {strings.clear}
                </Button>
              </Group>
              <Group gap="sm">
                {ready.personal ? (
                  <SegmentedControl
                    size="xs"
                    aria-label={strings.who}
                    value={who}
                    onChange={(value) => setWho(value as Who)}
                    data={WHOS.map((value) => ({ value, label: strings.whos[value] }))}
                  />
                ) : null}
                <Button
                  size="xs"
                  variant="subtle"
                  onClick={toggle}
                  aria-expanded={isSetting}
                  aria-controls={settingsId}
                >
                  {settingsStrings.title}
                </Button>
              </Group>
            </Group>
            {/* Its line stays when it has nothing to say. */}
            <Text size="sm" c="dimmed" mih="1.55em">
              {ready.base ? (working ? strings.duringWork : null) : strings.notYet}
            </Text>
          </Stack>
        </form>
        <Collapse expanded={isSetting} id={settingsId}>
          <SettingsPanel settings={settings} hasBoth={ready.personal} onChange={setSettings} />
        </Collapse>
      </Stack>
    </Section>
  );
}

function useChatSettings(): [ChatSettings, (settings: ChatSettings) => void] {
  const [settings, setSettings] = useLocalStorage<ChatSettings>({
    key: 'perfit-chat',
    defaultValue: defaultSettings,
    getInitialValueInEffect: false,
    deserialize: parseSettings,
  });
  return [settings, setSettings];
}

/** A box whose end stays in view while it grows, unless somebody has scrolled away from it. */
function useLatestInView(exchanges: readonly Exchange[]) {
  const box = useRef<HTMLDivElement>(null);
  const count = useRef(0);
  useEffect(() => {
    const { current } = box;
    if (!current) return;
    const isNew = exchanges.length !== count.current;
    count.current = exchanges.length;
    const below = current.scrollHeight - current.scrollTop - current.clientHeight;
    if (isNew || below < 80) current.scrollTop = current.scrollHeight;
  }, [exchanges]);
  return box;
}

function spoken(exchange: Exchange | undefined, words: ChatWords): string {
  if (!exchange) return '';
  return exchange.asked.map((which) => answered(words[which], exchange.answers[which]?.text ?? '')).join(' ');
}
