/** A work's progress as `tell` has it; where that is null, nothing is told. @returns what the work returns */
export async function* mapProgress<Heard, Told, Result>(
  work: AsyncGenerator<Heard, Result>,
  tell: (progress: Heard) => Told | null,
): AsyncGenerator<Told, Result> {
  try {
    for (;;) {
      const next = await work.next();
      if (next.done) return next.value;
      const told = tell(next.value);
      if (told !== null) yield told;
    }
  } finally {
    await work.return(undefined as never); // frees what it holds where the consumer stopped early
  }
}
