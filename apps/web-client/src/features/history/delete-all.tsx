import { Alert, Button, Group, List, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { deleted, strings } from '#strings/history.ts';
import { type Failure, failureOf } from '../../contract/failure.ts';
import type { Deleted } from '../../contract/history-api.ts';
import { engine, unwrap } from '../../shared/api/engine-client.ts';
import { FailureAlert } from '../../shared/ui/failure-alert.tsx';
import { Section } from '../../shared/ui/section.tsx';
import { clearPageStorage } from './clear-page-storage.ts';

const words = strings.all;

/** Nothing of this site stays in this browser; what went is said afterwards. */
export function DeleteAll() {
  const queries = useQueryClient();
  const [isAsking, setIsAsking] = useState(false);
  const [isDeleting, setIsDeleting] = useState(false);
  const [done, setDone] = useState<Deleted | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const remove = async () => {
    setIsAsking(false);
    setIsDeleting(true);
    setDone(null);
    setFailure(null);
    try {
      const what = unwrap(await engine().deleteEverything());
      await clearPageStorage();
      setDone(what);
    } catch (error) {
      setFailure(failureOf(error));
    }
    setIsDeleting(false);
    // Whatever a page has read of it by now is no longer true.
    await queries.invalidateQueries();
  };
  return (
    <Section title={words.title} lead={words.lead}>
      {failure ? <FailureAlert failure={failure} title={words.failed} /> : null}
      {done ? (
        <Alert color="teal" title={words.done} role="status">
          <List size="sm">
            {deleted(done).map((item) => (
              <List.Item key={item}>{item}</List.Item>
            ))}
          </List>
        </Alert>
      ) : null}
      <Group>
        <Button variant="outline" color="red" loading={isDeleting} onClick={() => setIsAsking(true)}>
          {words.button}
        </Button>
      </Group>
      <Modal opened={isAsking} onClose={() => setIsAsking(false)} title={words.really} centered>
        <Confirmation onKeep={() => setIsAsking(false)} onDelete={() => void remove()} />
      </Modal>
    </Section>
  );
}

function Confirmation({ onKeep, onDelete }: { readonly onKeep: () => void; readonly onDelete: () => void }) {
  const [typed, setTyped] = useState('');
  const isMeant = typed.trim().toLowerCase() === words.word;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (isMeant) onDelete();
      }}
    >
      <Stack gap="md">
        <Text size="sm">{words.text}</Text>
        <TextInput
          label={words.label}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
          data-autofocus
        />
        <Group gap="sm" justify="flex-end">
          <Button variant="default" onClick={onKeep}>
            {words.keep}
          </Button>
          <Button type="submit" color="red" disabled={!isMeant}>
            {words.confirm}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
