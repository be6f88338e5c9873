// A training step on the WebGPU provider against the CPU's: losses, gradients' lengths, parameters and their average. Where the machine has no
// graphics card, Chromium's software Vulkan driver serves; where there is neither, the test is skipped and says so.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { findNode } from './node-binary.ts';
import { trainingProvider } from './training-device.ts';

/** A software driver compiles its shaders on the CPU: seconds on a free machine, minutes on a busy one. */
const patienceMs = 600_000;
const driver = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'].find((folder) => existsSync(join(folder, 'vk_swiftshader_icd.json')));
const env: Record<string, string> = driver === undefined ? {} : { VK_ICD_FILENAMES: join(driver, 'vk_swiftshader_icd.json'), LD_LIBRARY_PATH: driver };

interface Steps { made: { loss: number; gradientNorm: number }[]; start: number[]; value: number[]; average: number[] }

async function stepsOn(provider: string, settings: { steps: number; accumulate: number; recompute: boolean }): Promise<Steps> {
  const { stdout } = await promisify(execFile)(findNode(), [join(import.meta.dirname, 'testing/training-steps.child.ts'), provider, JSON.stringify(settings)], { env: { ...process.env, ...env }, maxBuffer: 2 ** 26 });
  return JSON.parse(stdout) as Steps;
}

let missing: string | null;
beforeAll(async () => {
  const command = { node: findNode(), entry: join(import.meta.dirname, 'training-process.ts'), env };
  missing = await trainingProvider('webgpu', 2, command, new AbortController().signal, patienceMs).then(() => null, (thrown: Error) => thrown.message);
}, patienceMs);

const ways = [
  { name: 'one run a step', settings: { steps: 3, accumulate: 1, recompute: false } },
  { name: 'in parts, computing again', settings: { steps: 2, accumulate: 2, recompute: true } },
];

for (const { name, settings } of ways) it(`learns on WebGPU what it learns on the CPU: ${name}`, async ({ skip }) => {
  if (missing !== null) return skip(missing);
  const device = await stepsOn('webgpu', settings);
  const cpu = await stepsOn('cpu', settings);
  for (const [i, { loss, gradientNorm }] of cpu.made.entries()) {
    expect(device.made[i]!.loss / loss).toBeCloseTo(1, 4);
    expect(device.made[i]!.gradientNorm / gradientNorm).toBeCloseTo(1, 3);
  }
  // AdamW's first steps move every number by about its rate, whatever the gradient: where that is nearly zero its sign is rounding's. So
  // the two may part in few numbers, and by little altogether.
  const distance = (a: readonly number[], b: readonly number[]): number => Math.hypot(...a.map((x, i) => x - b[i]!));
  for (const role of ['value', 'average'] as const) {
    const moved = distance(cpu[role], cpu.start);
    expect(moved).toBeGreaterThan(0.1);
    expect(distance(device[role], cpu[role]) / moved).toBeLessThan(0.01);
  }
}, patienceMs);
