import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { MaskSummary } from './mask-summary.ts';
import type { ResultRow } from './results.ts';
import { maskSummarySchema, rowSchema } from './results-file.ts';

const lineSchema = z.object({
  /** Of all that the cell's numbers follow from. */
  fingerprint: z.string(),
  rows: z.array(rowSchema),
  masks: maskSummarySchema,
  /** Absent in cells from before it was kept. */
  steps: z.array(z.number()).optional(),
});

/** What a cell gave. */
export interface CellResult {
  readonly rows: readonly ResultRow[];
  readonly masks: MaskSummary;
  /** How far each commit moved θ_g, in the L2 norm. */
  readonly steps?: readonly number[] | undefined;
}

/** The finished cells of an experiment, a line each: a run that was stopped goes on behind the last of them. */
export class Journal {
  private readonly file: string;
  private readonly finished = new Map<string, CellResult>();

  private constructor(file: string) {
    this.file = file;
  }

  /** A last line that was cut off in the middle of its writing is left out, and the cell is run again. */
  static open(file: string): Journal {
    const journal = new Journal(file);
    mkdirSync(dirname(file), { recursive: true });
    if (!existsSync(file)) return journal;
    const text = readFileSync(file, 'utf8');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    if (whole.length < text.length) writeFileSync(file, whole);
    for (const line of whole.split('\n')) {
      const parsed = lineSchema.safeParse(parseJson(line));
      if (!parsed.success) continue;
      const { fingerprint, ...result } = parsed.data;
      journal.finished.set(fingerprint, result);
    }
    return journal;
  }

  result(fingerprint: string): CellResult | null {
    return this.finished.get(fingerprint) ?? null;
  }

  add(fingerprint: string, { rows, masks, steps }: CellResult): void {
    appendFileSync(this.file, `${JSON.stringify({ fingerprint, rows, masks, steps })}\n`);
    this.finished.set(fingerprint, { rows, masks, ...(steps ? { steps } : {}) });
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
