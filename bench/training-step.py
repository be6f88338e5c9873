"""The MMDiT's loss and gradients in PyTorch, eager; where an optimizer is given, the whole step. pytorch.ts starts this with a folder of
weights and inputs; each line on standard input asks for one step, which is answered by one line of JSON."""
import json
import math
import os
import subprocess
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


def time_part(t):
    frequencies = torch.exp(-math.log(10000) * torch.arange(128) / 128)
    angles = t[:, None] * frequencies
    return embedder("time_text_embed.timestep_embedder", torch.cat([angles.cos(), angles.sin()], 1))


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
    conditioning = time_part(w["timestep"]) + embedder("time_text_embed.text_embedder", w["pooled"])
    if config["txt_align_guidance"]:
        away = embedder("time_text_embed.text_embedder", w["pooled"] - w["null_pooled"])
        conditioning = conditioning + time_part(w["guidance"] * config["guidance_multiplier"]) * away * config["fusion_scale"]
    conditioning = F.silu(conditioning)
    patches = latents.reshape(batch, channels, rows, patch, columns, patch).permute(0, 2, 4, 1, 3, 5).reshape(batch, rows * columns, -1)
    image = F.linear(patches, w["pos_embed.proj.weight"].reshape(width, -1), w["pos_embed.proj.bias"])
    grid = config["pos_embed_max_size"]
    top, left = (grid - rows) // 2, (grid - columns) // 2
    positions = w["pos_embed.pos_embed"].reshape(grid, grid, width)[top:top + rows, left:left + columns]
    image = image + positions.reshape(1, rows * columns, width)
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


def gradients_only():
    loss = step_loss()
    return loss, torch.autograd.grad(loss, learning)


def blas():
    """The library that multiplies, with the package it is from where dpkg knows."""
    with open("/proc/self/maps") as maps:
        found = sorted({line.split()[-1] for line in maps if "openblas" in line})
    if not found:
        return "another BLAS"
    file = os.path.realpath(found[0])
    try:
        package = subprocess.run(["dpkg", "-S", file], capture_output=True, text=True).stdout.split(":")[0]
    except OSError:
        package = ""
    return f"OpenBLAS, {package or os.path.basename(file)}"


def seconds(step):
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def fastest_threads(candidates):
    times = {}
    for count in candidates:
        torch.set_num_threads(count)
        gradients_only()
        times[count] = seconds(gradients_only)
    return min(times, key=times.get)


optimizer = index.get("optimizer")
if optimizer:
    adamw = torch.optim.AdamW(learning, lr=optimizer["learningRate"], betas=(optimizer["beta1"], optimizer["beta2"]), eps=optimizer["epsilon"], weight_decay=0)
    average = [value.detach().clone() for value in learning]


def whole_step():
    adamw.zero_grad(set_to_none=True)
    loss = step_loss()
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(learning, optimizer["clipNorm"])
    adamw.step()
    with torch.no_grad():
        for mean, value in zip(average, learning):
            mean.lerp_(value, optimizer["averageRate"])
    return loss, norm


torch.set_num_threads(fastest_threads(index["threads"]) if index.get("threads") else os.cpu_count() or 1)
print(f"PyTorch {torch.__version__} eager ({blas()}, {torch.get_num_threads()} threads)", flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    loss, result = whole_step() if optimizer else gradients_only()
    milliseconds = 1000 * (time.perf_counter() - start)
    length = float(result) if optimizer else math.sqrt(sum(float(g.double().square().sum()) for g in result))
    print(json.dumps({"ms": milliseconds, "loss": float(loss), "gradientNorm": length}), flush=True)
