/** A plot's height and the diameter of a dot, in pixels. */
export interface PlotSize {
  readonly height: number;
  readonly dot: number;
}

export interface PlacedDots {
  /** Centres, in the order of the gains: x as a share of the width, y in pixels from the top. */
  readonly dots: readonly { readonly x: number; readonly y: number }[];
  readonly ticks: readonly { readonly gain: number; readonly x: number }[];
  /** Where nothing is gained or lost. */
  readonly middle: number;
}

/** As many as stand beside each other on a narrow screen: the plot is the same at every width. */
const COLUMNS = 28;

const MAX_TICKS = 5;

/** Gains along a logarithmic axis, those of about the same place on top of each other. */
export function placeDots(gains: readonly number[], { height, dot }: PlotSize): PlacedDots {
  const logs = gains.map((gain) => Math.log2(gain));
  // Whole doublings, and both sides of the middle always: what became worse has its place also where nothing did.
  const low = Math.min(-1, Math.floor(Math.min(...logs)));
  const high = Math.max(1, Math.ceil(Math.max(...logs)));
  const xOf = (log: number) => (log - low) / (high - low);
  const stacks = new Map<number, number[]>();
  logs.forEach((log, i) => {
    const column = Math.min(COLUMNS - 1, Math.floor(COLUMNS * xOf(log)));
    stacks.set(column, [...(stacks.get(column) ?? []), i]);
  });
  const tallest = Math.max(...[...stacks.values()].map(({ length }) => length), 1);
  const rise = Math.min(dot, (height - dot) / Math.max(1, tallest - 1));
  const dots = gains.map(() => ({ x: 0, y: 0 }));
  for (const [column, stack] of stacks) {
    stack.forEach((i, level) => {
      dots[i] = { x: (column + 0.5) / COLUMNS, y: height - dot / 2 - level * rise };
    });
  }
  const step = Math.ceil((high - low) / (MAX_TICKS - 1));
  const ticks: { gain: number; x: number }[] = [];
  for (let log = Math.ceil(low / step) * step; log <= high; log += step) ticks.push({ gain: 2 ** log, x: xOf(log) });
  return { dots, ticks, middle: xOf(0) };
}
