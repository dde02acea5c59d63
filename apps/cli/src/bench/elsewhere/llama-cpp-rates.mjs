// How fast llama.cpp reads a prompt and writes words, from the same GGUF file on as many threads. Reads {"place", "model",
// "prompt", "words", "threads"} as JSON on standard input; writes {"prefill", "decode"}, tokens a second.
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';

const asked = JSON.parse(await text(process.stdin));
const { getLlama, LlamaLogLevel } = await import(createRequire(`${asked.place}/`).resolve('node-llama-cpp'));
const llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error, maxThreads: asked.threads });
const model = await llama.loadModel({ modelPath: asked.model });
const context = await model.createContext({
  contextSize: 1024,
  batchSize: asked.prompt,
  threads: { ideal: asked.threads, min: asked.threads },
});
const tokens = Array.from({ length: asked.prompt }, (_, i) => (i * 37) % 49_000);
const rates = { prefill: 0, decode: 0 };
for (let i = 0; i < 3; i++) {
  const sequence = context.getSequence();
  const began = performance.now();
  let words = 0;
  let first = 0;
  for await (const _ of sequence.evaluate(tokens, { temperature: 0, yieldEogToken: true })) {
    if (words++ === 0) first = performance.now();
    if (words > asked.words) break;
  }
  const ended = performance.now();
  // The first word comes with the prompt.
  rates.prefill = Math.max(rates.prefill, (1000 * asked.prompt) / (first - began));
  rates.decode = Math.max(rates.decode, (1000 * asked.words) / (ended - first));
  sequence.dispose();
}
await llama.dispose();
process.stdout.write(JSON.stringify(rates));
