// Loss and gradients of a DiT-size network: the traced graph run by ONNX Runtime, the same tfjs code on its WASM backend, and PyTorch
// where it is installed; interleaved, with the same weights and inputs. `npm run bench -- training-step [ROUNDS] [BATCH]`.
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { getThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as ort from 'onnxruntime-node';
import { openSession } from '../main/graph/session.ts';
import { trace, type TensorSpec } from '../main/graph/trace.ts';
import { sizeOf } from '../main/graph/values.ts';
import type { TransformerConfig } from '../main/networks/configs.ts';
import { mmdit } from '../main/networks/mmdit.ts';
import { mmditParameters } from '../main/training/networks.ts';
import { TrainingRandom } from '../main/training/random.ts';
import { peakWork, product } from './gemm.ts';
import { interleaved, machine, median, productFlops, table } from './measure.ts';
import { pytorch } from './pytorch.ts';

const config: TransformerConfig = {
  num_layers: 8, num_attention_heads: 8, attention_head_dim: 32, patch_size: 2, in_channels: 16, out_channels: 16, joint_attention_dim: 256,
  pooled_projection_dim: 256, pos_embed_max_size: 8, qk_norm: 'rms_norm', dual_attention_layers: [], txt_align_guidance: false, guidance: false, linear_guidance: false,
  fusion_scale: 1 / 256, guidance_multiplier: 1000,
};
const textTokens = 16;
const specs = mmditParameters(config);
const learning = specs.filter(({ trainable }) => trainable);

/** Random numbers for every input and parameter; no zeros, so that every gradient is one. */
function numbers(batch: number): Map<string, { shape: readonly number[]; data: Float32Array }> {
  const inputShapes: Record<string, number[]> = {
    latents: [batch, 16, 16, 16], target: [batch, 16, 16, 16], timestep: [batch], tokens: [batch, textTokens, 256], pooled: [batch, 256],
  };
  const all = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  let stream = 0;
  const draw = (name: string, shape: readonly number[], scale: number): void =>
    void all.set(name, { shape, data: new TrainingRandom(1, stream++).normals(sizeOf(shape)).map((x) => x * scale) });
  for (const [name, shape] of Object.entries(inputShapes)) draw(name, shape, 1);
  all.get('timestep')!.data.forEach((_, i, data) => (data[i] = (1000 * (i + 1)) / batch));
  for (const { name, shape } of specs) draw(name, shape, shape.length > 1 ? 0.7 / Math.sqrt(sizeOf(shape.slice(1))) : 0.1);
  return all;
}

/** Mean squared error of the velocity, and its gradients. */
function lossAndGradients(get: (name: string) => tf.Tensor): { loss: tf.Tensor; gradients: tf.Tensor[] } {
  const { value, grads } = tf.valueAndGrads((...values: tf.Tensor[]) => {
    const moving = new Map(learning.map(({ name }, i) => [name, values[i]!]));
    const velocity = mmdit(config, (name) => moving.get(name) ?? get(name), { latents: get('latents'), timestep: get('timestep'), tokens: get('tokens'), pooled: get('pooled') });
    return velocity.sub(get('target')).square().mean() as tf.Scalar;
  })(learning.map(({ name }) => get(name)));
  return { loss: value, gradients: grads };
}

/** The step as the recorded graph. */
async function traced(all: ReturnType<typeof numbers>) {
  const inputs = Object.fromEntries([...all].map(([name, { shape }]): [string, TensorSpec] => [name, { dtype: 'float32', shape }]));
  const graph = trace(inputs, (tensors) => {
    const { loss, gradients } = lossAndGradients((name) => tensors[name]!);
    return { loss, ...Object.fromEntries(gradients.map((gradient, i) => [`gradient ${i}`, gradient])) };
  }, { mode: 'training' });
  const session = await openSession(graph);
  const feeds = Object.fromEntries([...all].map(([name, { data, shape }]) => [name, new ort.Tensor('float32', data, [...shape])]));
  const fetches = { loss: new ort.Tensor('float32', new Float32Array(1), []), ...Object.fromEntries(learning.map(({ shape }, i) => [`gradient ${i}`, new ort.Tensor('float32', new Float32Array(sizeOf(shape)), [...shape])])) };
  const run = async (): Promise<void> => void (await session.run(feeds, fetches));
  const results = () => ({ loss: (fetches.loss.data as Float32Array)[0]!, gradients: learning.map((_, i) => (fetches as Record<string, ort.Tensor>)[`gradient ${i}`]!.data as Float32Array) });
  return { run, results, flops: productFlops(graph), close: () => session.release() };
}

/** The step on tfjs's WASM backend. */
async function wasm(all: ReturnType<typeof numbers>) {
  setWasmPaths(`${path.join(import.meta.dirname, '../node_modules/@tensorflow/tfjs-backend-wasm/dist')}${path.sep}`);
  await tf.setBackend('wasm');
  const tensors = new Map([...all].map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]));
  const simd = await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT');
  const results: { loss: number; gradients: Float32Array[] } = { loss: NaN, gradients: [] };
  const run = (): void => {
    tf.engine().startScope();
    const { loss, gradients } = lossAndGradients((name) => tensors.get(name)!);
    results.loss = loss.dataSync()[0]!;
    results.gradients = gradients.map((gradient) => Float32Array.from(gradient.dataSync()));
    tf.engine().endScope();
  };
  return { run, results: () => results, title: `tfjs WASM (${simd ? 'SIMD' : 'no SIMD'}, ${getThreadsCount()} thread)` };
}

/** Largest difference of any gradient as a share of that gradient's largest number. */
const disagreement = (a: readonly Float32Array[], b: readonly Float32Array[]): number => Math.max(...a.map((one, i) => {
  let [difference, largest] = [0, 0];
  one.forEach((x, k) => {
    difference = Math.max(difference, Math.abs(x - b[i]![k]!));
    largest = Math.max(largest, Math.abs(b[i]![k]!));
  });
  return difference / largest;
}));
const norm = (gradients: readonly Float32Array[]): number => Math.sqrt(gradients.reduce((sum, g) => sum + g.reduce((s, x) => s + x * x, 0), 0));

export default async function run(args: string[] = []): Promise<void> {
  const [rounds, batch] = [Number(args[0] ?? 3), Number(args[1] ?? 16)];
  const all = numbers(batch);
  const step = await traced(all);
  const plain = await wasm(all);
  const torch = await pytorch({ config, learning: learning.map(({ name }) => name), tensors: all });
  const peak = await product('peak', 1024, 1024, 1024, peakWork);
  await step.run();
  const torchFirst = await torch?.answer();

  const ours = 'traced, ONNX Runtime CPU';
  const product1024 = 'product 1024 × 1024 × 1024';
  const fast = { [ours]: step.run, [product1024]: peak.run, ...(torch && { [torch.title]: torch.run }) };
  const times: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, list] of Object.entries({ ...(await interleaved(fast, 3)), ...(await interleaved({ [plain.title]: plain.run }, 1)) })) (times[name] ??= []).push(...list);
  }

  console.log(machine());
  const width = config.num_attention_heads * config.attention_head_dim;
  console.log(`MMDiT: width ${width}, ${config.num_layers} blocks, 64 image and ${textTokens} text tokens, batch ${batch}, ${(specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0) / 1e6).toFixed(1)} M parameters; loss and all gradients, float32`);
  console.log(`${(step.flops / 1e9).toFixed(1)} GFLOP per step: 2·m·n·k over the graph's matrix products, forward and gradients`);
  const base = median(times[ours]!);
  const rate = (ms: number): number => step.flops / ms / 1e6;
  const peakRate = peak.flops / median(times[product1024]!) / 1e6;
  table([
    ['step', 'runs', 'median s', 'fastest s', 'traced is faster by', 'GFLOP/s', 'share of peak'],
    ...[ours, plain.title, ...(torch ? [torch.title] : [])].map((name) => {
      const ms = median(times[name]!);
      return [name, times[name]!.length, (ms / 1000).toFixed(3), (Math.min(...times[name]!) / 1000).toFixed(3), name === ours ? '' : `${(ms / base).toFixed(1)} ×`, rate(ms).toFixed(1), `${Math.round((100 * rate(ms)) / peakRate)} %`];
    }),
  ]);
  console.log(`peak: ${peakRate.toFixed(1)} GFLOP/s (MatMul 1024 × 1024 × 1024, ONNX Runtime, in the same rounds)`);
  const [a, b] = [step.results(), plain.results()];
  console.log(`loss ${a.loss} traced, ${b.loss} WASM${torchFirst ? `, ${torchFirst.loss} PyTorch` : ''}; largest difference of a gradient ${disagreement(a.gradients, b.gradients).toExponential(1)} of its largest number`);
  console.log(`length of the gradient ${norm(a.gradients)} traced, ${norm(b.gradients)} WASM${torchFirst ? `, ${torchFirst.gradientNorm} PyTorch` : ''}`);
  if (!torch) console.log('PyTorch: skipped, no Python here has torch (on Debian: python3-torch, libopenblas0-pthread)');
  torch?.close();
  await peak.close();
  await step.close();
}
