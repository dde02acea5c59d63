"""A step of tuning in PyTorch, as its users have it: a Llama of transformers, LoRA of PEFT on all seven projections, AdamW.
Reads {"config", "rows", "length", "rank", "steps", "threads", "dtype"} as JSON on standard input; writes {"version",
"tokensPerSecond", "gflops"} as JSON, of the best of the steps and of a product of 480 x 576 x 1,536.
"""
import json
import sys
import time

asked = json.load(sys.stdin)

import peft
import torch
import transformers

torch.set_num_threads(asked["threads"])
torch.manual_seed(1)
dtype = getattr(torch, asked["dtype"])
config = asked["config"]
model = transformers.AutoModelForCausalLM.from_config(transformers.AutoConfig.for_model(**config), torch_dtype=dtype)
targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
lora = peft.LoraConfig(r=asked["rank"], lora_alpha=asked["rank"], target_modules=targets, task_type="CAUSAL_LM")
model = peft.get_peft_model(model, lora)
model.train()
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)
ids = (torch.arange(asked["rows"] * asked["length"]) * 37 % config["vocab_size"]).view(asked["rows"], asked["length"])
labels = torch.where(torch.arange(ids.numel()).view_as(ids) % 2 == 0, ids, -100)


def best(count, run):
    least = float("inf")
    for i in range(count + 1):
        began = time.perf_counter()
        run()
        if i > 0:
            least = min(least, time.perf_counter() - began)
    return least


def step():
    loss = model(input_ids=ids, labels=labels, use_cache=False).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    loss.item()


a, b = torch.randn(480, 576, dtype=dtype), torch.randn(576, 1536, dtype=dtype)
product = best(20, lambda: torch.matmul(a, b))
seconds = best(asked["steps"], step)
json.dump(
    {
        "version": torch.__version__,
        "tokensPerSecond": ids.numel() / seconds,
        "gflops": 2 * 480 * 576 * 1536 / product / 1e9,
    },
    sys.stdout,
)
