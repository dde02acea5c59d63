/** Watches what is said for texts that end it, and keeps back what may turn out to be the beginning of one. */
export class StopTexts {
  readonly #texts: readonly string[];
  #kept = '';

  /** Empty ones are left out: they would end everything at once. */
  constructor(texts: readonly string[]) {
    this.#texts = texts.filter((text) => text !== '');
  }

  /** @returns what may be shown by now, and whether the end has come: nothing more is said then */
  push(text: string): { readonly text: string; readonly ended: boolean } {
    const said = this.#kept + text;
    const ends = this.#texts.map((stop) => said.indexOf(stop)).filter((at) => at >= 0);
    if (ends.length > 0) {
      this.#kept = '';
      return { text: said.slice(0, Math.min(...ends)), ended: true };
    }
    const shown = said.length - Math.max(0, ...this.#texts.map((stop) => overlap(said, stop)));
    this.#kept = said.slice(shown);
    return { text: said.slice(0, shown), ended: false };
  }

  /** What was kept back, where the end comes in another way. */
  flush(): string {
    const kept = this.#kept;
    this.#kept = '';
    return kept;
  }
}

/** How many of the last characters of `said` a stop text begins with. */
function overlap(said: string, stop: string): number {
  for (let length = Math.min(said.length, stop.length - 1); length > 0; length--) {
    if (said.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}
