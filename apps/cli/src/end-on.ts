import { constants } from 'node:os';

/**
 * Resolves at the first of these signals. Any that comes after it ends the process at once, with the exit code that
 * shells give to it: whoever asks twice does not want to wait for an end in order.
 */
export function endOn(signals: readonly NodeJS.Signals[]): Promise<void> {
  return new Promise((resolve) => {
    let isAsked = false;
    const onSignal = (signal: NodeJS.Signals) => {
      if (isAsked) process.exit(128 + constants.signals[signal]);
      isAsked = true;
      resolve();
    };
    for (const signal of signals) process.on(signal, onSignal);
  });
}
