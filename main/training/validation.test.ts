// What is done beside learning: it sees the student as it is, and changes nothing in what is learned.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createTinyCheckpoint } from '../../tests/fixtures/tiny.ts';
import { openCheckpoint, type Checkpoint } from '../checkpoints/folder.ts';
import { DistillRequest } from '../contract/distillation.ts';
import { storybookPictures } from '../engine/storybook-pictures.ts';
import { distil, type Distillation } from './distillation.ts';

vi.setConfig({ testTimeout: 480_000 });

let folder: string;
let teacher: Checkpoint;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'validation-'));
  teacher = await openCheckpoint(await createTinyCheckpoint(folder), () => '');
});
afterAll(() => rm(folder, { recursive: true }));

const request = DistillRequest.parse({ name: 'new', steps: 9, batch: 4, points: 32, threads: 1, learningRate: 2e-3 });
const start = (name: string, changes: Partial<Distillation> = {}) => distil({
  checkpoint: teacher, request, source: storybookPictures(1, 32, 64), folder: path.join(folder, name), validation: { every: 3, source: storybookPictures(2, 64, 64) }, ...changes,
});
const validationLog = async (name: string) => (await readFile(path.join(folder, name, 'validation.jsonl'), 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as { step: number; loss: number });

test('the validation loss falls, costs nothing of what is learned, and is the same after an interruption', async () => {
  const heard: { step: number; loss: number }[] = [];
  const whole = await start('whole', { onValidated: (row) => heard.push(row) });
  expect(heard.map(({ step }) => step)).toEqual([3, 6, 9]);
  expect(heard[2]!.loss).toBeLessThan(heard[0]!.loss);
  expect(await validationLog('whole')).toEqual(heard);

  const without = await start('without', { validation: undefined });
  expect(without.student.weights).toEqual(whole.student.weights);

  // Dies after step 7, which is after the checkpoint at 4 and the measurement at 6.
  const crash = { checkpointEvery: 4, afterStep: async ({ step }: { step: number }) => { if (step === 7) throw new Error('power cut'); } };
  await expect(start('parts', crash)).rejects.toThrow('power cut');
  const resumed = await start('parts');
  expect(resumed.student.weights).toEqual(whole.student.weights);
  expect(await validationLog('parts')).toEqual(heard);
});

test('after each step the student can be had as it is, and saved', async () => {
  const rows: number[] = [];
  const saved: number[] = [];
  const students: { samples: number; weights: Float32Array }[] = [];
  const { student } = await start('beside', {
    onStep: ({ step, learningRate }) => rows.push(step * Math.sign(learningRate)),
    onSaved: (step) => saved.push(step),
    afterStep: async (moment) => {
      const { distillation, weights } = await moment.student();
      students.push({ samples: distillation.samples, weights: Float32Array.from(weights) });
      if (moment.step === 2) await moment.save();
    },
  });
  expect(rows).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(saved).toEqual([2, 9]);
  expect(students.map(({ samples }) => samples)).toEqual(rows.map((step) => step * 4));
  expect(students.at(-1)!.weights).toEqual(student.weights);
  expect(students[0]!.weights).not.toEqual(student.weights);
});
