import type { ReactNode } from 'react';
import classes from './empty-box.module.css';

interface EmptyBoxProps {
  /** Of what will be there, so that nothing moves when it comes. */
  readonly height: number | string;
  readonly children: ReactNode;
}

/** The place of figures that are not there yet, and a sentence on when they come. */
export function EmptyBox({ height, children }: EmptyBoxProps) {
  return (
    <p className={classes.box} style={{ height }}>
      {children}
    </p>
  );
}
