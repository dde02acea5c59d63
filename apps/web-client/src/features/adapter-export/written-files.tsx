import { Anchor, Group, List, Stack, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { strings } from '#strings/adapter-export.ts';
import { formatBytes } from '../../shared/format/format-number.ts';

interface Link {
  readonly file: File;
  readonly url: string;
}

/** How long the files are kept for downloads that somebody has to allow first. */
const KEPT_MS = 10 * 60_000;

interface WrittenFilesProps {
  readonly files: readonly File[];
  /** They have been kept for long enough. */
  readonly onExpired: () => void;
}

/** Hands the files to the browser's downloads, once, and leaves a link to each. */
export function WrittenFiles({ files, onExpired }: WrittenFilesProps) {
  const [links, setLinks] = useState<readonly Link[]>([]);
  useEffect(() => {
    const made = files.map((file) => ({ file, url: URL.createObjectURL(file) }));
    setLinks(made);
    for (const { file, url } of made) download(file.name, url);
    return () => {
      // A download that has begun reads on for a while.
      setTimeout(() => {
        for (const { url } of made) URL.revokeObjectURL(url);
      }, 60_000);
    };
  }, [files]);
  useEffect(() => {
    const timer = setTimeout(onExpired, KEPT_MS);
    return () => clearTimeout(timer);
  }, [onExpired]);
  return (
    <Stack gap="xs" data-testid="written-files">
      <Text size="sm">{strings.ready}</Text>
      <List size="sm" spacing={4}>
        {links.map(({ file, url }) => (
          <List.Item key={file.name}>
            <Group gap="xs">
              <Anchor href={url} download={file.name} size="sm">
                {file.name}
              </Anchor>
              <Text span size="sm" c="dimmed">
                {formatBytes(file.size)}
              </Text>
            </Group>
          </List.Item>
        ))}
      </List>
      <Text size="sm" c="dimmed">
        {strings.keep}
      </Text>
    </Stack>
  );
}

function download(name: string, url: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
}
