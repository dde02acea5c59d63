/** Lets messages, timers and aborts through: on the WASM backend a step of training never waits for anything. */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
