import { assertFinite, modelAt, WeightsError } from '@perfit/core/files';
import { SerialQueue } from '@perfit/federation/coordinator';
import type { ModelFile } from './model-catalogue.ts';
import { ReadOnce } from './read-once.ts';

/**
 * Whether a model's values are finite numbers, as clients look when they load it. That takes as long as the reading of the
 * files: it goes on behind whoever asks, one model after another, and what it finds is known from then on.
 */
export class ValuesCheck {
  private readonly looks = new ReadOnce<{ problem: string | null }>();
  private readonly queue = new SerialQueue();
  private readonly closing = new AbortController();

  /** What is known by now, in a sentence for the operator. @param where its folder, or its GGUF file */
  async problem(files: readonly [ModelFile, ...ModelFile[]], where: string): Promise<string | null> {
    const look = await this.looks.of(files, async () => {
      const begun = { problem: null as string | null };
      void this.queue.run(async () => {
        begun.problem = await this.look(where);
      });
      return begun;
    });
    return look.problem;
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.queue.idle();
  }

  private async look(where: string): Promise<string | null> {
    try {
      await assertFinite(await modelAt(where), this.closing.signal);
      return null;
    } catch (error) {
      // What cannot be read for another reason, others say better.
      return error instanceof WeightsError && error.code === 'weights-not-finite' ? error.message : null;
    }
  }
}
