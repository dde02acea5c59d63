import { Button, Group, Paper, Stack, Text } from '@mantine/core';
import { useNetwork } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { strings } from '#strings/shell.ts';
import { putOffUpdate, takeUpdate, useUpdate } from './kept-shell.ts';
import classes from './notices.module.css';

/** What concerns every page, over its lower edge, so that nothing moves when it comes. */
export function Notices() {
  const { online } = useNetwork();
  const hasUpdate = useUpdate();
  return (
    <div className={classes.place} role="status" aria-label={strings.notices}>
      {online ? null : <Notice title={strings.offline.title} text={strings.offline.text} />}
      {hasUpdate ? (
        <Notice title={strings.update.title} text={strings.update.text}>
          <Group gap="xs">
            <Button size="xs" onClick={takeUpdate}>
              {strings.update.reload}
            </Button>
            <Button size="xs" variant="default" onClick={putOffUpdate}>
              {strings.update.later}
            </Button>
          </Group>
        </Notice>
      ) : null}
    </div>
  );
}

interface NoticeProps {
  readonly title: string;
  readonly text: string;
  readonly children?: ReactNode;
}

function Notice({ title, text, children }: NoticeProps) {
  return (
    <Paper withBorder shadow="md" radius="md" p="md" className={classes.notice}>
      <Stack gap="xs">
        <Text fw={600}>{title}</Text>
        <Text size="sm" c="dimmed">
          {text}
        </Text>
        {children}
      </Stack>
    </Paper>
  );
}
