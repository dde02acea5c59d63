import { Alert, Button, Group, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { strings } from '#strings/local-text.ts';
import type { DataReport } from '../../engine/engine-api.ts';
import { formatCount } from '../../shared/format/format-number.ts';

interface SizeNoticeProps {
  readonly report: DataReport;
  /** Null where it is not known. */
  readonly roundSeconds: number | null;
  /** So many of the examples, or all. */
  readonly onUse: (most: number | null) => void;
}

const FEW = 20;
/** So many are offered in place of more. */
const ENOUGH = 500;
/** So many may take long on any device; above {@link ENOUGH} it depends on how long. */
const MANY = 2000;
const LONG_SECONDS = 300;

/** What to expect of a very small text, and a way out of a very large one. */
export function SizeNotice({ report, roundSeconds, onUse }: SizeNoticeProps) {
  const { training, validation, heldOut } = report.examples;
  const used = training + validation + heldOut;
  if (used < report.offered) {
    return (
      <Notice color="blue" title={strings.some(formatCount(used), formatCount(report.offered))} text={strings.someWhy}>
        <Button size="xs" variant="default" onClick={() => onUse(null)}>
          {strings.useAll}
        </Button>
      </Notice>
    );
  }
  if (used < FEW) return <Notice color="yellow" title={strings.few} text={strings.fewWhy(used)} />;
  const isLong = roundSeconds !== null && roundSeconds > LONG_SECONDS;
  if (used <= ENOUGH || (used <= MANY && !isLong)) return null;
  return (
    <Notice color="blue" title={strings.many} text={strings.manyWhy(formatCount(used), roundSeconds)}>
      <Button size="xs" variant="default" onClick={() => onUse(ENOUGH)}>
        {strings.useSome(formatCount(ENOUGH))}
      </Button>
    </Notice>
  );
}

interface NoticeProps {
  readonly color: string;
  readonly title: string;
  readonly text: string;
  readonly children?: ReactNode;
}

function Notice({ color, title, text, children }: NoticeProps) {
  return (
    <Alert color={color} variant="light" title={title} role="status">
      <Text size="sm" maw={680}>
        {text}
      </Text>
      {children ? <Group mt="sm">{children}</Group> : null}
    </Alert>
  );
}
