"""The same loss and gradients in PyTorch, eager. training-step.ts starts this with a folder of weights and inputs; each line on
standard input asks for one step, which is answered by one line of JSON."""
import json
import math
import os
import sys
import time

import torch
import torch.nn.functional as F

folder = sys.argv[1]
with open(os.path.join(folder, "index.json")) as file:
    index = json.load(file)
config = index["config"]
with open(os.path.join(folder, "data.bin"), "rb") as file:
    flat = torch.frombuffer(bytearray(file.read()), dtype=torch.float32)
w = {}
offset = 0
for entry in index["tensors"]:
    size = math.prod(entry["shape"])
    w[entry["name"]] = flat[offset:offset + size].clone().reshape(entry["shape"])
    offset += size
learning = [w[name].requires_grad_() for name in index["learning"]]
heads, head_width, patch = config["num_attention_heads"], config["attention_head_dim"], config["patch_size"]
width = heads * head_width


def linear(name, x):
    return F.linear(x, w[name + ".weight"], w[name + ".bias"])


def embedder(name, x):
    return linear(name + ".linear_2", F.silu(linear(name + ".linear_1", x)))


def normal(x):
    return F.layer_norm(x, x.shape[-1:], eps=1e-6)


def rms(name, x):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * w[name + ".weight"]


def split(x):
    return x.reshape(x.shape[0], x.shape[1], heads, head_width)


def projections(block, x, names, norms):
    q, k, v = (split(linear(f"{block}.attn.{name}", x)) for name in names)
    return rms(f"{block}.attn.{norms[0]}", q), rms(f"{block}.attn.{norms[1]}", k), v


def attention(q, k, v):
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(head_width), -1)
    return (weights @ v).transpose(1, 2).reshape(q.shape[0], -1, width)


def feed_forward(name, x):
    return linear(f"{name}.net.2", F.gelu(linear(f"{name}.net.0.proj", x), approximate="tanh"))


def modulate(x, shift, scale):
    return normal(x) * (1 + scale) + shift


def step_loss():
    latents = w["latents"]
    batch, channels, height, columns = latents.shape
    rows, columns = height // patch, columns // patch
    frequencies = torch.exp(-math.log(10000) * torch.arange(128) / 128)
    angles = w["timestep"][:, None] * frequencies
    time_part = embedder("time_text_embed.timestep_embedder", torch.cat([angles.cos(), angles.sin()], 1))
    conditioning = F.silu(time_part + embedder("time_text_embed.text_embedder", w["pooled"]))
    patches = latents.reshape(batch, channels, rows, patch, columns, patch).permute(0, 2, 4, 1, 3, 5).reshape(batch, rows * columns, -1)
    image = F.linear(patches, w["pos_embed.proj.weight"].reshape(width, -1), w["pos_embed.proj.bias"])
    image = image + w["pos_embed.pos_embed"].reshape(1, -1, width)
    text = linear("context_embedder", w["tokens"])
    for i in range(config["num_layers"]):
        last = i == config["num_layers"] - 1
        block = f"transformer_blocks.{i}"
        shift, scale, gate, mlp_shift, mlp_scale, mlp_gate = linear(f"{block}.norm1.linear", conditioning)[:, None].chunk(6, 2)
        text_parts = linear(f"{block}.norm1_context.linear", conditioning)[:, None].chunk(2 if last else 6, 2)
        text_shift, text_scale = (text_parts[1], text_parts[0]) if last else text_parts[:2]
        qi, ki, vi = projections(block, modulate(image, shift, scale), ("to_q", "to_k", "to_v"), ("norm_q", "norm_k"))
        qt, kt, vt = projections(block, modulate(text, text_shift, text_scale), ("add_q_proj", "add_k_proj", "add_v_proj"), ("norm_added_q", "norm_added_k"))
        query = qi if last else torch.cat([qi, qt], 1)
        mixed = attention(query, torch.cat([ki, kt], 1), torch.cat([vi, vt], 1))
        count = image.shape[1]
        image = image + linear(f"{block}.attn.to_out.0", mixed[:, :count]) * gate
        image = image + feed_forward(f"{block}.ff", modulate(image, mlp_shift, mlp_scale)) * mlp_gate
        if not last:
            text_gate, text_mlp_shift, text_mlp_scale, text_mlp_gate = text_parts[2:]
            text = text + linear(f"{block}.attn.to_add_out", mixed[:, count:]) * text_gate
            text = text + feed_forward(f"{block}.ff_context", modulate(text, text_mlp_shift, text_mlp_scale)) * text_mlp_gate
    scale, shift = linear("norm_out.linear", conditioning)[:, None].chunk(2, 2)
    out = linear("proj_out", modulate(image, shift, scale))
    velocity = out.reshape(batch, rows, columns, patch, patch, -1).permute(0, 5, 1, 3, 2, 4).reshape(latents.shape)
    return (velocity - w["target"]).square().mean()


torch.set_num_threads(os.cpu_count() or 1)
with open("/proc/self/maps") as maps:
    blas = "OpenBLAS" if "openblas" in maps.read() else "another BLAS"
print(f"PyTorch {torch.__version__} eager ({blas}, {torch.get_num_threads()} threads)", flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    loss = step_loss()
    gradients = torch.autograd.grad(loss, learning)
    milliseconds = 1000 * (time.perf_counter() - start)
    length = math.sqrt(sum(float(g.double().square().sum()) for g in gradients))
    print(json.dumps({"ms": milliseconds, "loss": float(loss), "gradientNorm": length}), flush=True)
