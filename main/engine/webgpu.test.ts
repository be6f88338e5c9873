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
import type { ProbeReport } from './messages.ts';
import { findNode } from './node-binary.ts';
import { probeProviders } from './probe-host.ts';
import { EngineSupervisor } from './supervisor.ts';

const softwareDrivers = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'];
const driver = softwareDrivers.find((folder) => existsSync(join(folder, 'vk_swiftshader_icd.json')));
const command: EngineCommand = {
  node: findNode(),
  entry: join(import.meta.dirname, 'process.ts'),
  env: driver === undefined ? {} : { VK_ICD_FILENAMES: join(driver, 'vk_swiftshader_icd.json'), LD_LIBRARY_PATH: driver },
};

let report: ProbeReport;
let models: string;

beforeAll(async () => {
  [report] = (await probeProviders(command, ['webgpu'], 1, 120_000, new AbortController().signal)) as [ProbeReport];
  models = await mkdtemp(join(tmpdir(), 'models-'));
  await createTinyCheckpoint(models);
  await createTinyStudent(models);
}, 180_000);

afterAll(() => rm(models, { recursive: true }));

async function picture(device: 'cpu' | 'webgpu') {
  const engine = new EngineSupervisor({ command, modelDirs: [models], settings: { device, threads: 2 } });
  onTestFinished(() => engine.close());
  return engine.sample({
    model: { id: 'storybook-teefusion', hash: '' }, prompt: 'a red boat on the sea', negativePrompt: '', guidance: 5, steps: 4, seed: 7, sampler: 'euler', reflection: {},
  });
}

it('draws a 4-step student picture on WebGPU as on the CPU, to 40 dB', async ({ skip }) => {
  if (report.problem !== null) skip(`no Vulkan driver was found: ${report.problem}`);
  const [cpu, webgpu] = [await picture('cpu'), await picture('webgpu')];
  expect([cpu.provider, webgpu.provider]).toEqual(['cpu', 'webgpu']);
  expect(new Set(cpu.picture.rgb).size).toBeGreaterThan(20);
  expect(psnr(cpu.picture.rgb, webgpu.picture.rgb)).toBeGreaterThanOrEqual(40);
}, 300_000);
