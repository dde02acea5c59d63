import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { ResultRow } from './results.ts';

const positive = z.number().positive();
const size = z.number().nonnegative();
const lineSchema = z.object({
  /** Of all that the cell's numbers follow from. */
  fingerprint: z.string(),
  rows: z.array(
    z.object({
      experiment: z.string(),
      strategy: z.string(),
      setting: z.string(),
      seed: z.number(),
      client: z.string(),
      round: z.number().int().positive(),
      perplexity: z.object({ base: positive, received: positive, tuned: positive }),
      trainable: size,
      bytesUp: size,
      bytesDown: size,
      seconds: size,
    }),
  ),
});

/** The finished cells of an experiment, a line each: a run that was stopped goes on behind the last of them. */
export class Journal {
  private readonly file: string;
  private readonly finished = new Map<string, readonly ResultRow[]>();

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
      if (parsed.success) journal.finished.set(parsed.data.fingerprint, parsed.data.rows);
    }
    return journal;
  }

  rows(fingerprint: string): readonly ResultRow[] | null {
    return this.finished.get(fingerprint) ?? null;
  }

  add(fingerprint: string, rows: readonly ResultRow[]): void {
    appendFileSync(this.file, `${JSON.stringify({ fingerprint, rows })}\n`);
    this.finished.set(fingerprint, rows);
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
