"""Writes mixed.gguf and mixed.json: a tiny model with a matrix of every type that is read, and what gguf-py makes of each.

    pip install gguf==0.19.0 numpy && python make_fixture.py

Values are spread over eight orders of magnitude, of both signs, and none is zero but where a block is all zeros or where a
scale is negative: those two have rows of their own.
"""
import hashlib
import json
import pathlib

import numpy as np
from gguf import GGMLQuantizationType as T
from gguf import GGUFReader, GGUFWriter, dequantize, quantize

here = pathlib.Path(__file__).parent
rng = np.random.default_rng(7)


def values(*shape):
    signs = rng.choice([-1, 1], shape)
    return (signs * 10.0 ** rng.uniform(-6, 2, shape)).astype(np.float32)


writer = GGUFWriter(here / "mixed.gguf", "llama")
writer.add_name("Mixed")
writer.add_block_count(1)
writer.add_context_length(64)
writer.add_embedding_length(32)
writer.add_feed_forward_length(64)
writer.add_head_count(2)
writer.add_head_count_kv(1)
writer.add_layer_norm_rms_eps(1e-5)
writer.add_rope_freq_base(10000.0)
writer.add_vocab_size(8)
writer.add_tokenizer_model("gpt2")
writer.add_tokenizer_pre("smollm")
writer.add_token_list(["<|end|>", "<tool>", "a", "b", "ab", "Ġ", "1", "2"])
writer.add_token_types([3, 4, 1, 1, 1, 1, 1, 1])
writer.add_token_merges(["a b"])
writer.add_eos_token_id(0)
writer.add_add_bos_token(False)
writer.add_chat_template("{{ messages[0]['content'] }}<|end|>")

tensors = {
    "token_embd.weight": (T.Q8_0, (8, 32)),
    "blk.0.attn_norm.weight": (T.F32, (32,)),
    "blk.0.ffn_norm.weight": (T.F32, (32,)),
    "blk.0.attn_q.weight": (T.Q4_0, (32, 32)),
    "blk.0.attn_k.weight": (T.Q4_1, (16, 32)),
    "blk.0.attn_v.weight": (T.BF16, (16, 32)),
    "blk.0.attn_output.weight": (T.F16, (32, 32)),
    "blk.0.ffn_gate.weight": (T.Q4_1, (64, 32)),
    "blk.0.ffn_up.weight": (T.Q8_0, (64, 32)),
    "blk.0.ffn_down.weight": (T.Q4_0, (32, 64)),
    "output_norm.weight": (T.F32, (32,)),
}
for name, (kind, shape) in tensors.items():
    data = values(*shape)
    if len(shape) == 2:
        data[-1] = 0
    packed = data if kind == T.F32 else quantize(data, kind)
    if kind in (T.Q4_0, T.Q8_0):
        # A negative scale: what is quantised to nothing is then a negative zero.
        row = packed[0].view(np.uint8)
        row[1] ^= 0x80
    if kind == T.F32:
        writer.add_tensor(name, packed)
    elif kind == T.F16:
        writer.add_tensor(name, data.astype(np.float16))
    else:
        writer.add_tensor(name, packed, raw_dtype=kind)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()

reader = GGUFReader(here / "mixed.gguf")
known = {}
for tensor in reader.tensors:
    floats = np.ascontiguousarray(dequantize(tensor.data, tensor.tensor_type).astype("<f4"))
    known[tensor.name] = {
        "type": tensor.tensor_type.name,
        "shape": [int(n) for n in tensor.shape[::-1]],
        "sha256": hashlib.sha256(floats.tobytes()).hexdigest(),
        "first": [float(v) for v in floats.reshape(-1)[:4]],
    }
(here / "mixed.json").write_text(json.dumps(known, indent=1) + "\n")
