#!/usr/bin/env bash
# Installs what the tests hold exported models against: PyTorch with transformers and PEFT, and llama.cpp as
# node-llama-cpp has it built, into .perfit/elsewhere. The product needs none of it. PyTorch is Debian's, which is small
# and computes on the CPU; where apt cannot install it, a PyTorch that python3 already finds serves.
set -euo pipefail
cd "$(dirname "$0")/.."
place=.perfit/elsewhere
mkdir -p "$place"

# PyPI's requirements name a released PyTorch, and would bring 3 GB of CUDA: so they are spelled out.
peft=(transformers==4.44.2 peft==0.11.1 accelerate==0.33.0)
needed=(tokenizers==0.19.1 safetensors==0.4.5 huggingface-hub==0.24.7 'numpy<2'
  regex psutil pyyaml requests tqdm packaging filelock jinja2)

python=/usr/bin/python3
if ! "$python" -c 'import torch, ensurepip' 2>/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get install -y -q --no-install-recommends python3-torch python3-venv
fi
"$python" -m venv --system-site-packages "$place/python"
"$place/python/bin/pip" install -q --no-deps "${peft[@]}"
"$place/python/bin/pip" install -q "${needed[@]}"
"$place/python/bin/python" -c 'import peft, torch, transformers'

# Its install script would fetch or compile; the packages for this platform come with what it depends on.
[[ -f $place/package.json ]] || echo '{"private": true}' >"$place/package.json"
npm install --prefix "$place" --ignore-scripts --no-audit --no-fund --silent node-llama-cpp@3.22.1
