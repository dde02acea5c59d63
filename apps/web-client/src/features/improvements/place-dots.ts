/** A plot in pixels, and the diameter of a dot. */
export interface PlotSize {
  readonly width: number;
  readonly height: number;
  readonly dot: number;
}

export interface PlacedDots {
  /** Centres, in the order of the gains. */
  readonly dots: readonly { readonly x: number; readonly y: number }[];
  readonly ticks: readonly { readonly gain: number; readonly x: number }[];
  /** Where nothing is gained or lost. */
  readonly middle: number;
}

/** One word and its "×" take about so many pixels. */
const TICK_WIDTH = 56;

/** More would leave every dot a column of its own, where there is room. */
const MOST_COLUMNS = 48;

/** Gains along a logarithmic axis, those of about the same place on top of each other. */
export function placeDots(gains: readonly number[], { width, height, dot }: PlotSize): PlacedDots {
  const logs = gains.map((gain) => Math.log2(gain));
  // Whole doublings, and both sides of the middle always: what became worse has its place also where nothing did.
  const low = Math.min(-1, Math.floor(Math.min(...logs)));
  const high = Math.max(1, Math.ceil(Math.max(...logs)));
  const room = width - dot;
  const xOf = (log: number) => dot / 2 + (room * (log - low)) / (high - low);
  const columns = Math.max(1, Math.min(MOST_COLUMNS, Math.floor(room / dot)));
  const stacks = new Map<number, number[]>();
  logs.forEach((log, i) => {
    const column = Math.min(columns - 1, Math.floor((columns * (log - low)) / (high - low)));
    stacks.set(column, [...(stacks.get(column) ?? []), i]);
  });
  const tallest = Math.max(...[...stacks.values()].map(({ length }) => length), 1);
  const rise = Math.min(dot, (height - dot) / Math.max(1, tallest - 1));
  const dots = gains.map(() => ({ x: 0, y: 0 }));
  for (const [column, stack] of stacks) {
    const x = dot / 2 + ((column + 0.5) * room) / columns;
    stack.forEach((i, level) => {
      dots[i] = { x, y: height - dot / 2 - level * rise };
    });
  }
  const step = Math.max(1, Math.ceil(((high - low) * TICK_WIDTH) / width));
  const ticks: { gain: number; x: number }[] = [];
  for (let log = Math.ceil(low / step) * step; log <= high; log += step) ticks.push({ gain: 2 ** log, x: xOf(log) });
  return { dots, ticks, middle: xOf(0) };
}
