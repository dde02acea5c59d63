"""Writes what the text tests expect, by other implementations than ours:
- tokenizer-ids.json: token ids by the Rust library behind Hugging Face's tokenizers;
- chat-templates/expected.json: conversations laid out by Jinja2, as transformers' apply_chat_template does.

pip install tokenizers==0.23.2 jinja2==3.1.6
python make-text-expectations.py SHARED, where SHARED/tokenizers/gpt2 and SHARED/models/tinystories-656k are
"""

import json
import sys
from pathlib import Path

import jinja2
import tokenizers
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

here = Path(__file__).resolve().parent

TEXTS = [
    "",
    "Hello, world!",
    "  two  spaces and a tab\tend ",
    "line one\r\nline two\r\n\r\nline four\n",
    "na\u00efve caf\u00e9: e\u0301 vs \u00e9",
    "你好，世界。日本語のテキスト",
    "👩\u200d👩\u200d👧\u200d👦 family 🏳️\u200d🌈🤦🏽\u200d♂️",
    "1234567890 3.14159 ①② ٣",
    "for (let i = 0; i < n; i++) { a[i] += `x${i}`; }\n\t// don't",
    "I'm you're we'd they'll it's o'clock 'tis",
    "\u00a0nbsp\u2003em space\u200bzero width",
    "Ünïcödé ßtraße Ἑλλάς Москва עִבְרִית العربية हिन्दी",
    "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
    "a<|im_end|> b <|im_end|>c<|endoftext|>",
    "<|im_start",
    "\ufffd \x00 \x1b[0m \x7f",
    "ﷺ 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 🧑\u200d🔬",
    "a" * 33,
    "\n\n\n   \n",
    "x\x85y \ufeffz \x85 \x85w",
    "The quick brown fox jumps over the lazy dog. " * 3,
    "Once upon a time, there was a little girl named Lily.",
    # Emoji: a flag of two letters, a keycap, a tag sequence, a lone skin tone, one with the text selector.
    "🇩🇪🇯🇵 1️⃣ 🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f 🏿 ☺\ufe0e❤️\u200d🔥🙂🙂🙂",
    # CJK: both planes, half and full width, Hangul whole and in parts, no spaces, ideographic space.
    "𠮷野家で𩸽を食べた。ｶﾞｷﾞｸﾞ　ＡＢＣ１２３",
    "한국어 텍스트 \u1112\u1161\u11ab\u1100\u116e\u11a8 繁體中文《紅樓夢》「引號」",
    # Line ends of every kind.
    "a\r\nb\rc\n\rd\u2028e\u2029f\x0bg\x0ch\r\n\r\n\r\n  i\r\n",
    # Combining marks: several on one letter, decomposed and composed, on digits, Thai, Devanagari, a lone mark.
    "Z\u0351\u036b\u0343a\u0300\u0325l\u0334g\u0311o\u0308 Å\u212bA\u030a 5\u0336\u20e3 \u0301 ภาษาไทยไม่มีช่องว่าง क्षत्रिय",
    # Digits: groups, leading zeros, exponents, roman and full-width numerals, fractions, other scripts' digits.
    "0007 1,234,567.89 -0.5e-10 ½ ⅷ Ⅻ １２３ ०१२ ໑໒ 2026-11-23T01:02:03Z +49 (0)30 123456 1st 2nd 100%",
    "12345678901234567890123456789012345678901234567890",
    # Code: indents by tabs and by spaces, operators, escapes, other alphabets in identifiers.
    "def f(x: int = 0) -> str:\n    if x >= 10 and x != 0x1F:\n\t\treturn f\"{x!r:>8}\\n\"  # größer\n",
    "<div class=\"a b\" data-x='1'>&nbsp;&#x27;</div>\n<!-- TODO -->\n",
    "SELECT *\n  FROM t\n WHERE a <> 'it''s' AND b::text ~ '^\\s+$';--ok",
    "{\"a\":[1,2.5,null,true],\"b\":{\"c\":\"\\u00e9\\n\"}}",
    "C:\\Users\\me\\x.txt /usr/bin/env https://example.org/a?b=c&d=%20#e me@example.org",
    # White space and controls: runs, before punctuation, trailing; bidirectional marks.
    "a    b\t\tc \t d  .  ,\n \n\t\n e   ",
    "\u200fשלום\u200e (abc) \u202eabc\u202c \u2066x\u2069 soft\u00adhyphen word\u2060joiner",
    "'''\"\"\"``` -- --- … “quotes” ‘single’ «guillemets» ¿¡ §¶†‡ ©®™ €£¥ ×÷±≈≠",
]

FOLDERS = {
    "perfitNano": here.parents[2] / "models" / "perfit-nano",
    "gpt2": Path(sys.argv[1]) / "tokenizers" / "gpt2",
    "tinystories": Path(sys.argv[1]) / "models" / "tinystories-656k",
}
readers = {name: Tokenizer.from_file(str(folder / "tokenizer.json")) for name, folder in FOLDERS.items()}
for reader in readers.values():
    # gpt2's file cuts at 50 tokens.
    reader.no_truncation()
ids = {
    "source": f"ids by the Rust library behind Hugging Face's tokenizers {tokenizers.__version__}, add_special_tokens=False",
    "cases": [
        {"text": text, **{name: reader.encode(text, add_special_tokens=False).ids for name, reader in readers.items()}}
        for text in TEXTS
    ],
}
(here / "tokenizer-ids.json").write_text(json.dumps(ids))


def turn(role, content):
    return {"role": role, "content": content}


CONVERSATIONS = {
    "one turn": [turn("user", "Is it open?"), turn("assistant", "From nine.")],
    "with a system message": [turn("system", "Be brief."), turn("user", "Is it open?"), turn("assistant", "From nine.")],
    "three turns": [
        turn("system", "Be brief."),
        turn("user", "Is it open?"),
        turn("assistant", "Yes"),
        turn("user", "Until when?"),
        turn("assistant", "Until six.\nOn Fridays until four."),
        turn("user", "Is it open?"),
        turn("assistant", "Yes"),
    ],
    # @huggingface/jinja's lstrip('\n') strips spaces as well: what a dataset gives is trimmed before it is laid out.
    "white space around the words": [turn("user", " Is it open? "), turn("assistant", "\nFrom nine. \n")],
    "the same words in every place": [
        turn("system", "Yes"),
        turn("user", "Yes"),
        turn("assistant", "Yes"),
        turn("user", "Yes"),
        turn("assistant", "Yes"),
    ],
    "thoughts": [
        turn("user", "Two and two?"),
        turn("assistant", "<think>\nAdd them.\n</think>\n\nFour."),
        turn("user", "And one?"),
        turn("assistant", "<think>\nOne more.\n</think>\n\nFive."),
    ],
}
TOKENS = {
    "smollm2-instruct": {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"},
    "qwen2.5-instruct": {"eos_token": "<|im_end|>"},
    "qwen3": {"eos_token": "<|im_end|>"},
    "tinyllama-chat": {"bos_token": "<s>", "eos_token": "</s>"},
    "llama-3.2-instruct": {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"},
}
# As transformers makes it (utils/chat_template_utils.py).
environment = ImmutableSandboxedEnvironment(
    trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
)


def laid_out(name, messages, is_prompt):
    template = environment.from_string((here / "chat-templates" / f"{name}.jinja").read_text())
    return template.render(
        messages=messages,
        add_generation_prompt=is_prompt,
        enable_thinking=False,
        date_string="26 Jul 2024",
        **TOKENS[name],
    )


templates = {
    "source": f"laid out by Jinja2 {jinja2.__version__} in transformers' settings, without thinking, on 26 Jul 2024",
    "templates": [
        {
            "name": name,
            "tokens": tokens,
            "conversations": [
                {
                    "name": title,
                    "messages": messages,
                    # For every response: the prompt before it, and the conversation up to it.
                    "turns": [
                        {
                            "prompt": laid_out(name, messages[:i], True),
                            "conversation": laid_out(name, messages[: i + 1], False),
                        }
                        for i, message in enumerate(messages)
                        if message["role"] == "assistant"
                    ],
                }
                for title, messages in CONVERSATIONS.items()
            ],
        }
        for name, tokens in TOKENS.items()
    ],
}
(here / "chat-templates" / "expected.json").write_text(json.dumps(templates))
