/** Does a piece of work once for all who ask; one that failed is done again for the next. */
export function once<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | null = null;
  return () => {
    if (running) return running;
    const current = work();
    running = current;
    current.catch(() => {
      if (running === current) running = null;
    });
    return current;
  };
}
