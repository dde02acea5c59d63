import { type DragEvent, type ReactNode, useState } from 'react';
import { type Collected, filesOfDrop } from './collect-files.ts';
import classes from './local-text.module.css';

interface DropAreaProps {
  readonly onFiles: (collecting: Promise<Collected>) => void;
  readonly children: ReactNode;
}

/** Takes files and folders from the mouse. */
export function DropArea({ onFiles, children }: DropAreaProps) {
  const [over, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    onFiles(filesOfDrop(event.dataTransfer));
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is the mouse's way; the buttons beside it are the keyboard's
    <div
      className={classes.drop}
      data-over={over || undefined}
      data-testid="dataset-drop"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      {children}
    </div>
  );
}
