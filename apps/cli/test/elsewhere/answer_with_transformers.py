"""Answers questions greedily by transformers, with a PEFT adapter where one is named.

Reads {"model": folder, "adapter": folder or null, "questions": [...], "tokens": n} as JSON on standard input, and
writes the answers as a JSON list.
"""

import json
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

asked = json.load(sys.stdin)
tokenizer = AutoTokenizer.from_pretrained(asked["model"])
model = AutoModelForCausalLM.from_pretrained(asked["model"], torch_dtype=torch.float32)
if asked["adapter"] is not None:
    model = PeftModel.from_pretrained(model, asked["adapter"])
model.eval()

answers = []
for question in asked["questions"]:
    conversation = [{"role": "user", "content": question}]
    ids = tokenizer.apply_chat_template(conversation, add_generation_prompt=True, return_tensors="pt")
    with torch.no_grad():
        told = model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            repetition_penalty=1.0,  # a generation_config.json may name another
            max_new_tokens=asked["tokens"],
            pad_token_id=tokenizer.eos_token_id,
        )
    answers.append(tokenizer.decode(told[0, ids.shape[1] :], skip_special_tokens=True))
json.dump(answers, sys.stdout)
