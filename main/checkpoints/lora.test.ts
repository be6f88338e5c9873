// Files of adapters: what is written is read again, other tools' names are understood, and what does not fit is refused by name.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mergeLora, readLora, withPair, writeLora, type LoraPair } from './lora.ts';
import { readHeader, writeSafetensors, type Tensor } from './safetensors.ts';

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'lora-'))));
afterAll(() => rm(folder, { recursive: true }));

const tensor = (shape: number[], ...numbers: number[]): Tensor => ({ shape, data: Float32Array.from(numbers) });
const a = tensor([2, 3], 1, 2, 3, 4, 5, 6);
const b = tensor([2, 2], 1, 0, -1, 0.5);
/** B·A */
const product = [1, 2, 3, 1, 0.5, 0];

let files = 0;
async function file(tensors: Record<string, Tensor>, metadata: Record<string, string> = {}): Promise<string> {
  const path = join(folder, `${(files += 1)}.safetensors`);
  await writeSafetensors(path, Object.entries(tensors).map(([name, { shape, data }]) => ({ name, dtype: 'F32', shape, data })), metadata);
  return path;
}
const pairOf = async (path: string, module = 'blocks.0.attn.to_q'): Promise<LoraPair> => (await readLora(path)).get(module)!;

describe('a written file', () => {
  it('has diffusers\' names, says rank and alpha twice, and is read again', async () => {
    const path = join(folder, 'written.safetensors');
    await writeLora(path, new Map([['blocks.0.attn.to_q', { a, b }], ['proj', { a, b }]]), { rank: 2, alpha: 8 });
    const { tensors, metadata } = await readHeader(path);
    expect([...tensors.keys()].sort()).toEqual(['blocks.0.attn.to_q', 'proj'].flatMap((name) => [`transformer.${name}.lora_A.weight`, `transformer.${name}.lora_B.weight`]));
    expect(metadata).toMatchObject({ rank: '2', alpha: '8', format: 'pt' });
    expect(JSON.parse(metadata['lora_adapter_metadata']!)).toEqual({ 'transformer.r': 2, 'transformer.lora_alpha': 8, 'transformer.target_modules': ['blocks.0.attn.to_q', 'proj'] });
    expect(await readLora(path)).toEqual(new Map([['blocks.0.attn.to_q', { a, b, factor: 4 }], ['proj', { a, b, factor: 4 }]]));
  });
});

describe('a file of another tool', () => {
  it.each([
    ['transformer.blocks.0.attn.to_q.lora_A.weight', 'transformer.blocks.0.attn.to_q.lora_B.weight'],
    ['base_model.model.blocks.0.attn.to_q.lora_A.default.weight', 'base_model.model.blocks.0.attn.to_q.lora_B.default.weight'],
    ['base_model.model.transformer.blocks.0.attn.to_q.lora_A.weight', 'base_model.model.transformer.blocks.0.attn.to_q.lora_B.weight'],
    ['blocks.0.attn.to_q.lora_down.weight', 'blocks.0.attn.to_q.lora_up.weight'],
    ['transformer.blocks.0.attn.to_q.lora.down.weight', 'transformer.blocks.0.attn.to_q.lora.up.weight'],
  ])('may call a pair %s', async (down, up) => expect(await pairOf(await file({ [down]: a, [up]: b }))).toEqual({ a, b, factor: 1 }));

  const plain = { 'transformer.proj.lora_A.weight': a, 'transformer.proj.lora_B.weight': b };
  it('has its alpha beside each pair, in the metadata, or nowhere', async () => {
    const factor = async (tensors: Record<string, Tensor>, metadata: Record<string, string> = {}) => (await pairOf(await file(tensors, metadata), 'proj')).factor;
    const adapters = (config: object) => ({ lora_adapter_metadata: JSON.stringify(config) });
    expect(await factor(plain)).toBe(1);
    expect(await factor({ ...plain, 'transformer.proj.alpha': tensor([], 3) }, { alpha: '5' })).toBe(1.5);
    expect(await factor(plain, { alpha: '5' })).toBe(2.5);
    expect(await factor(plain, adapters({ 'transformer.lora_alpha': 6 }))).toBe(3);
    expect(await factor(plain, adapters({ 'transformer.lora_alpha': 6, 'transformer.alpha_pattern': { proj: 4 } }))).toBe(2);
    expect(await factor(plain, adapters({ 'transformer.lora_alpha': 6, 'transformer.use_rslora': true }))).toBeCloseTo(6 / Math.SQRT2, 12);
  });

  it('of PEFT has its alpha in a file beside it', async () => {
    const dir = await mkdtemp(join(folder, 'peft-'));
    const path = join(dir, 'adapter_model.safetensors');
    await writeSafetensors(path, [{ name: 'base_model.model.proj.lora_A.weight', dtype: 'F32', ...a }, { name: 'base_model.model.proj.lora_B.weight', dtype: 'F32', ...b }]);
    const factor = async (config: string) => {
      await writeFile(join(dir, 'adapter_config.json'), config);
      return (await pairOf(path, 'proj')).factor;
    };
    expect(await factor('{"r": 2, "lora_alpha": 6, "alpha_pattern": {}, "use_dora": false}')).toBe(3);
    await expect(factor('{"lora_alpha": "big"}')).rejects.toMatchObject({ code: 'corrupt-file', message: expect.stringContaining('adapter_config.json') });
    await expect(factor('{"lora_alpha": 6, "use_dora": true}')).rejects.toMatchObject({ code: 'unsupported', message: expect.stringContaining('DoRA') });
  });

  it.each([
    ['half a pair', { 'transformer.proj.lora_A.weight': a }, {}, 'corrupt-file', 'only one half of the pair of "proj"'],
    ['halves of two ranks', { ...plain, 'transformer.proj.lora_B.weight': tensor([2, 1], 1, 2) }, {}, 'corrupt-file', '"proj" does not fit together: A is [2, 3], B [2, 1]'],
    ['a half that is no matrix', { ...plain, 'transformer.proj.lora_A.weight': tensor([2], 1, 2) }, {}, 'corrupt-file', '"proj"'],
    ['a pair under two names', { ...plain, 'proj.lora_A.weight': a }, {}, 'corrupt-file', 'adapts "proj" twice'],
    ['another rank than it says', plain, { rank: '16' }, 'corrupt-file', 'says rank "16", but the pair of "proj" has 2'],
    ['an alpha that is no number', plain, { alpha: 'big' }, 'corrupt-file', 'alpha of "proj"'],
    ['several alphas', { ...plain, 'transformer.proj.alpha': tensor([2], 1, 2) }, {}, 'corrupt-file', '2 numbers for the alpha of "proj"'],
    ['metadata that describe nothing', plain, { lora_adapter_metadata: '{"transformer.lora_alpha": "x"}' }, 'corrupt-file', '"lora_adapter_metadata"'],
    ['nothing', {}, {}, 'corrupt-file', 'holds no adapters'],
    ['DoRA\'s magnitudes', { ...plain, 'transformer.proj.lora_magnitude_vector': tensor([2], 1, 1) }, {}, 'unsupported', '"transformer.proj.lora_magnitude_vector"'],
    ['DoRA by its metadata', plain, { lora_adapter_metadata: '{"transformer.use_dora": true}' }, 'unsupported', 'DoRA'],
    ['a whole weight', { ...plain, 'transformer.proj.bias': tensor([2], 1, 1) }, {}, 'unsupported', '"transformer.proj.bias" is no part of a low-rank pair'],
    ['a text encoder\'s pair', { 'text_encoder.proj.lora_A.weight': a }, {}, 'unsupported', '"text_encoder.proj.lora_A.weight" adapts a text encoder'],
  ] as const)('with %s is refused by name', async (_, tensors, metadata, code, message) => {
    const path = await file(tensors, metadata);
    await expect(readLora(path)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
    await expect(readLora(path)).rejects.toThrow(path);
  });
});

describe('merging', () => {
  const weights = new Map([['proj.weight', tensor([2, 3], 10, 20, 30, 40, 50, 60)], ['proj.bias', tensor([2], 1, 2)]]);
  const pairs = (changes: Partial<LoraPair> = {}, module = 'proj') => new Map([[module, { a, b, factor: 0.5, ...changes }]]);

  it('adds factor·B·A and leaves the rest', () => {
    const merged = mergeLora(weights, pairs(), 'f');
    expect([...merged.get('proj.weight')!.data]).toEqual([10, 20, 30, 40, 50, 60].map((value, i) => value + 0.5 * product[i]!));
    expect(merged.get('proj.bias')).toBe(weights.get('proj.bias'));
    expect([...weights.get('proj.weight')!.data]).toEqual([10, 20, 30, 40, 50, 60]);
  });

  it('is right for filters, whose pair has sides too', () => {
    const filter = new Map([['conv.weight', tensor([2, 1, 1, 3], 10, 20, 30, 40, 50, 60)]]);
    const merged = mergeLora(filter, new Map([['conv', { a: { ...a, shape: [2, 1, 1, 3] }, b: { ...b, shape: [2, 2, 1, 1] }, factor: 1 }]]), 'f');
    expect([...merged.get('conv.weight')!.data]).toEqual([10, 20, 30, 40, 50, 60].map((value, i) => value + product[i]!));
  });

  it.each([
    [pairs({}, 'elsewhere'), 'f: adapts "elsewhere", which this transformer has not'],
    [pairs({ a: tensor([2, 2], 1, 2, 3, 4) }), 'f: the pair of "proj" is for a weight of [2, 2]; this transformer\'s is [2, 3]'],
    [pairs({ b: tensor([3, 2], 1, 2, 3, 4, 5, 6) }), 'a weight of [3, 3]'],
  ])('refuses by name what is for another model', (other, message) =>
    expect(() => mergeLora(weights, other, 'f')).toThrow(expect.objectContaining({ code: 'invalid-input', message: expect.stringContaining(message) })));

  it('is the product by its definition, whatever the shape', () => {
    const size = fc.integer({ min: 1, max: 6 });
    fc.assert(fc.property(size, size, size, fc.double({ min: -2, max: 2, noNaN: true }), fc.integer(), (out, into, rank, factor, seed) => {
      let state = seed >>> 0;
      const numbers = (length: number): Float32Array => Float32Array.from({ length }, () => ((state = (state * 1664525 + 1013904223) >>> 0) / 2 ** 31) - 1);
      const [weight, down, up] = [numbers(out * into), numbers(rank * into), numbers(out * rank)];
      const merged = withPair(weight, { a: { shape: [rank, into], data: down }, b: { shape: [out, rank], data: up }, factor });
      merged.forEach((value, at) => {
        const [o, i] = [Math.floor(at / into), at % into];
        let expected = weight[at]!;
        for (let r = 0; r < rank; r++) expected += factor * up[o * rank + r]! * down[r * into + i]!;
        expect(value).toBeCloseTo(expected, 5);
      });
    }), { numRuns: 30 });
  });
});
