import { Button, Group, Text } from '@mantine/core';
import { useState } from 'react';
import { checked, checking, strings } from '#strings/ledger.ts';
import type { Failure } from '../../contract/failure.ts';
import type { LedgerCheck } from '../../contract/ledger-api.ts';
import type { Seat } from '../../contract/run-api.ts';
import { engine, telling } from '../../shared/api/engine-client.ts';

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'checking'; readonly done: number }
  | { readonly kind: 'checked'; readonly check: LedgerCheck }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** Hashes what is kept once more. */
export function HashCheck({ seat, disabled }: { readonly seat: Seat; readonly disabled: boolean }) {
  const [state, setState] = useState<State>({ kind: 'idle' });
  const check = async () => {
    setState({ kind: 'checking', done: 0 });
    const onProgress = (done: number) => setState({ kind: 'checking', done });
    const outcome = await telling(onProgress, (tell) => engine().verifyLedger(seat, tell));
    setState(outcome.ok ? { kind: 'checked', check: outcome.value } : { kind: 'failed', failure: outcome.error });
  };
  const isWrong = state.kind === 'failed' || (state.kind === 'checked' && state.check.wrong.length > 0);
  return (
    <Group gap="sm">
      <Button
        size="xs"
        variant="default"
        disabled={disabled}
        loading={state.kind === 'checking'}
        onClick={() => void check()}
      >
        {strings.verify}
      </Button>
      <Text
        size="sm"
        flex={1}
        miw={160}
        mih="1.55em"
        c={isWrong ? 'var(--mantine-color-error)' : undefined}
        role="status"
      >
        {wordsOf(state)}
      </Text>
    </Group>
  );
}

function wordsOf(state: State): string {
  switch (state.kind) {
    case 'idle':
      return '';
    case 'checking':
      return checking(state.done);
    case 'checked':
      return checked({ ...state.check, wrong: state.check.wrong.length });
    case 'failed':
      return state.failure.message;
  }
}
