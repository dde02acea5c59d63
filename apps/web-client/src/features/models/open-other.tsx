import { Tabs } from '@mantine/core';
import { strings } from '#strings/models.ts';
import type { ModelWish } from '../../contract/models-api.ts';
import { Section } from '../../shared/ui/section.tsx';
import { FromDisk } from './from-disk.tsx';
import { FromHub } from './from-hub.tsx';
import { FromMirror } from './from-mirror.tsx';
import { type PrecisionWish, precisionOf } from './precision.ts';

const words = strings.other;

interface OpenOtherProps {
  readonly precision: PrecisionWish;
  readonly busy: boolean;
  readonly onOpen: (wish: ModelWish) => void;
}

/** Models that the catalogue does not know, by where they come from. */
export function OpenOther({ precision, busy, onOpen }: OpenOtherProps) {
  const open = (origin: ModelWish['origin']) => onOpen({ origin, ...precisionOf(precision) });
  return (
    <Section title={words.title} lead={words.lead}>
      <Tabs defaultValue="mirror">
        <Tabs.List>
          <Tabs.Tab value="mirror">{words.mirror}</Tabs.Tab>
          <Tabs.Tab value="disk">{words.disk}</Tabs.Tab>
          <Tabs.Tab value="hub">{words.hub}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="mirror" pt="md">
          <FromMirror precision={precision} busy={busy} onOpen={open} />
        </Tabs.Panel>
        <Tabs.Panel value="disk" pt="md">
          <FromDisk precision={precision} busy={busy} onOpen={open} />
        </Tabs.Panel>
        <Tabs.Panel value="hub" pt="md">
          <FromHub busy={busy} onOpen={open} />
        </Tabs.Panel>
      </Tabs>
    </Section>
  );
}
