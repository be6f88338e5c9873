// A student's picture on the WebGPU provider against the CPU's. Where the machine has no graphics card, Chromium's software Vulkan
// driver serves; where there is neither, the test is skipped and says so.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { createTinyCheckpoint, createTinyStudent } from '../../tests/fixtures/tiny.ts';
import { psnr } from '../studio/psnr.ts';
import type { EngineCommand } from './child.ts';
import { findNode } from './node-binary.ts';
import { EngineSupervisor } from './supervisor.ts';

/** A software driver compiles its shaders on the CPU: seconds on a free machine, minutes on a busy one. */
const patienceMs = 480_000;
const softwareDrivers = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'];
const driver = softwareDrivers.find((folder) => existsSync(join(folder, 'vk_swiftshader_icd.json')));
const command: EngineCommand = {
  node: findNode(),
  entry: join(import.meta.dirname, 'process.ts'),
  env: driver === undefined ? {} : { VK_ICD_FILENAMES: join(driver, 'vk_swiftshader_icd.json'), LD_LIBRARY_PATH: driver },
};

let models: string;
let webgpu: EngineSupervisor;

const engineOn = (device: 'cpu' | 'webgpu') =>
  new EngineSupervisor({ command, modelDirs: [models], settings: { device, threads: 2 }, limits: { probeMs: patienceMs } });

beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), 'models-'));
  await createTinyCheckpoint(models);
  await createTinyStudent(models);
  webgpu = engineOn('webgpu');
});

afterAll(async () => {
  await webgpu.close();
  await rm(models, { recursive: true });
});

const picture = (engine: EngineSupervisor) =>
  engine.sample({
    model: { id: 'storybook-teefusion', hash: '' }, prompt: 'a red boat on the sea', negativePrompt: '', guidance: 5, steps: 4, seed: 7, sampler: 'euler', reflection: {},
  });

it('draws a 4-step student picture on WebGPU as on the CPU, to 40 dB', async ({ skip }) => {
  const report = (await webgpu.devices()).find(({ provider }) => provider === 'webgpu')!;
  if (!report.usable) skip(`no Vulkan driver was found: ${report.reason}`);
  const cpu = engineOn('cpu');
  onTestFinished(() => cpu.close());
  const [expected, drawn] = [await picture(cpu), await picture(webgpu)];
  expect([expected.provider, drawn.provider]).toEqual(['cpu', 'webgpu']);
  expect(new Set(expected.picture.rgb).size).toBeGreaterThan(20);
  expect(psnr(expected.picture.rgb, drawn.picture.rgb)).toBeGreaterThanOrEqual(40);
}, patienceMs);
