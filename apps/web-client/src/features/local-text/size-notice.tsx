import { Alert, Button, Group, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { strings } from '#strings/local-text.ts';
import type { DataReport } from '../../contract/data-api.ts';
import { formatCount } from '../../shared/format/format-number.ts';

interface SizeNoticeProps {
  readonly report: DataReport;
  /** Null where it is not known. */
  readonly roundSeconds: number | null;
  /** After which a round does not wait any longer. */
  readonly deadlineSeconds: number;
  /** So many of the examples, or all. */
  readonly onUse: (most: number | null) => void;
}

const FEW = 20;
/** So many are offered in place of more, or fewer where even they would be late. */
const ENOUGH = 500;
/** So many may take long on any device; above {@link ENOUGH} it depends on how long. */
const MANY = 2000;
const LONG_SECONDS = 300;

/** What to expect of a very small text, and a way out of a very large one. */
export function SizeNotice({ report, roundSeconds, deadlineSeconds, onUse }: SizeNoticeProps) {
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
  const seconds = roundSeconds ?? 0;
  const isLate = seconds > deadlineSeconds;
  const isMuch = used > MANY || (used > ENOUGH && seconds > LONG_SECONDS);
  if (!isLate && !isMuch) return null;
  const fewer = Math.min(ENOUGH, inTime(used * (deadlineSeconds / 2 / Math.max(seconds, 1))));
  const why = strings.manyWhy(formatCount(used), roundSeconds);
  return (
    <Notice
      color={isLate ? 'yellow' : 'blue'}
      title={strings.many}
      text={isLate ? `${why} ${strings.late(deadlineSeconds)}` : why}
    >
      {fewer < used ? (
        <Button size="xs" variant="default" onClick={() => onUse(fewer)}>
          {strings.useSome(formatCount(fewer))}
        </Button>
      ) : null}
    </Notice>
  );
}

/** A round number, and enough to learn from. */
function inTime(examples: number): number {
  return Math.max(FEW, examples < 100 ? 10 * Math.floor(examples / 10) : 50 * Math.floor(examples / 50));
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
