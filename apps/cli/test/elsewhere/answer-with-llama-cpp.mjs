// Answers questions greedily by llama.cpp, by nothing but what a GGUF file has in it: weights, tokenizer, template.
// Reads {"place", "model", "questions", "tokens"} as JSON on standard input, and writes the answers as a JSON list.
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';

const asked = JSON.parse(await text(process.stdin));
const require = createRequire(`${asked.place}/`);
const { getLlama, LlamaLogLevel } = await import(require.resolve('node-llama-cpp'));
const { Template } = await import(require.resolve('@huggingface/jinja'));

const llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error });
const model = await llama.loadModel({ modelPath: asked.model });
// It takes four threads where there are two cores, whose waiting for each other takes a hundred times as long as the work.
const context = await model.createContext({ contextSize: 512, threads: 1 });
const template = new Template(model.fileInfo.metadata.tokenizer.chat_template);
const textOf = (token) => (token === null ? '' : model.detokenize([token], true));

const answers = [];
for (const question of asked.questions) {
  const prompt = template.render({
    messages: [{ role: 'user', content: question }],
    add_generation_prompt: true,
    bos_token: textOf(model.tokens.bos),
    eos_token: textOf(model.tokens.eos),
  });
  const sequence = context.getSequence();
  const told = [];
  for await (const token of sequence.evaluate(model.tokenize(prompt, true), { temperature: 0 })) {
    if (model.isEogToken(token)) break;
    told.push(token);
    if (told.length >= asked.tokens) break;
  }
  answers.push(model.detokenize(told));
  sequence.dispose();
}
await llama.dispose();
process.stdout.write(JSON.stringify(answers));
