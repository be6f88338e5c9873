// The MMDiT's training step in PyTorch (training-step.py), in a process that waits for its turns: a row of other benchmarks.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { TransformerConfig } from '../main/networks/configs.ts';

export interface TorchSetup {
  config: TransformerConfig;
  /** Names of the parameters that learn. */
  learning: readonly string[];
  /** Parameters and inputs. */
  tensors: Iterable<readonly [string, { shape: readonly number[]; data: Float32Array }]>;
  /** A whole step with clipping, AdamW without decay and a running average; left out: loss and gradients only. */
  optimizer?: { learningRate: number; averageRate: number; beta1: number; beta2: number; epsilon: number; clipNorm: number };
  /** Numbers of threads to try; the fastest one is kept. Left out: all cores. */
  threads?: readonly number[];
}

export interface TorchAnswer { ms: number; loss: number; gradientNorm: number }

export interface TorchStep {
  /** Version, BLAS and threads. */
  title: string;
  /** One step; milliseconds that it took. */
  run(): Promise<number>;
  /** One step and what came of it. */
  answer(): Promise<TorchAnswer>;
  close(): void;
}

/** Null where no Python here has torch. */
export async function pytorch({ config, learning, tensors, optimizer, threads }: TorchSetup): Promise<TorchStep | null> {
  const all = [...tensors];
  const folder = mkdtempSync(path.join(tmpdir(), 'training-step-'));
  writeFileSync(path.join(folder, 'index.json'), JSON.stringify({ config, learning, tensors: all.map(([name, { shape }]) => ({ name, shape })), optimizer, threads }));
  writeFileSync(path.join(folder, 'data.bin'), Buffer.concat(all.map(([, { data }]) => Buffer.from(data.buffer, data.byteOffset, data.byteLength))));
  // A version manager's Python may come first on the path; the distribution's has the distribution's packages.
  for (const python of ['python3', '/usr/bin/python3']) {
    const child = spawn(python, [path.join(import.meta.dirname, 'training-step.py'), folder], { stdio: ['pipe', 'pipe', 'ignore'] });
    const failed = once(child, 'error').catch(() => undefined);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = await Promise.race([lines.next(), failed.then(() => ({ done: true, value: '' }))]);
    if (first.done) continue;
    const answer = async (): Promise<TorchAnswer> => {
      child.stdin.write('\n');
      return JSON.parse((await lines.next()).value as string);
    };
    const close = (): void => {
      child.stdin.end();
      rmSync(folder, { recursive: true });
    };
    return { title: first.value as string, run: async () => (await answer()).ms, answer, close };
  }
  rmSync(folder, { recursive: true });
  return null;
}
