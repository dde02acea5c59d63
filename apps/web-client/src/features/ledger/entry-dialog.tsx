import { Button, Modal, Stack } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useState } from 'react';
import { detailTitle, strings } from '#strings/ledger.ts';
import type { LedgerEntry } from '../../contract/ledger-api.ts';
import type { Seat } from '../../contract/run-api.ts';
import type { LedgerRow } from './ledger-rows.ts';
import { MessageDetail } from './message-detail.tsx';
import { TransferDetail } from './transfer-detail.tsx';

interface EntryDialogProps {
  readonly seat: Seat;
  /** Null is closed. */
  readonly row: LedgerRow | null;
  readonly onClose: () => void;
}

/** One line of the ledger, opened. */
export function EntryDialog({ seat, row, onClose }: EntryDialogProps) {
  const isNarrow = useMediaQuery('(max-width: 40em)', false, { getInitialValueInEffect: false });
  return (
    <Modal opened={row !== null} onClose={onClose} title={row ? detailTitle(row) : ''} size={860} fullScreen={isNarrow}>
      {row ? <Opened key={row.id} seat={seat} row={row} /> : null}
    </Modal>
  );
}

function Opened({ seat, row }: { readonly seat: Seat; readonly row: LedgerRow }) {
  /** A message of those that carried it. */
  const [within, setWithin] = useState<LedgerEntry | null>(null);
  if (!row.isTransfer) return <MessageDetail seat={seat} entry={row.entries[0] as LedgerEntry} />;
  if (!within) return <TransferDetail seat={seat} row={row} onOpen={setWithin} />;
  return (
    <Stack gap="md">
      <Button variant="subtle" size="compact-sm" style={{ alignSelf: 'flex-start' }} onClick={() => setWithin(null)}>
        {strings.detail.back}
      </Button>
      <MessageDetail seat={seat} entry={within} />
    </Stack>
  );
}
