// Distillation with real networks, tiny ones: what is taught is what the teacher's sampler does, and what is learned does not depend on
// interruptions.
import { mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createTinyCheckpoint, createTinyStudent } from '../../tests/fixtures/tiny.ts';
import { writeCheckpointComponent } from '../checkpoints/component.ts';
import { openCheckpoint, type Checkpoint } from '../checkpoints/folder.ts';
import { hashCheckpoint } from '../checkpoints/hash.ts';
import { readTensors } from '../checkpoints/safetensors.ts';
import { DistillRequest, type DistillProgress } from '../contract/distillation.ts';
import { openPipelineParts } from '../diffusion/components.ts';
import { classifierFree, embedded, guidedField } from '../diffusion/guidance.ts';
import { effectiveVelocity, planSampling, stepMap } from '../diffusion/samplers.ts';
import { flowMatchSigmas } from '../diffusion/schedule.ts';
import { storybookPictures } from '../engine/storybook-pictures.ts';
import { distil } from './distillation.ts';
import { writeStudent } from './distillation-student.ts';
import { pointsIdentity, teachingPoints, type TeachingPoints } from './distillation-points.ts';
import { promptSource, type PromptSource } from './distillation-source.ts';
import { TeacherText } from './distillation-text.ts';
import { pointsFile } from './distillation-work.ts';
import { trajectoryLevels } from './distillation-trajectories.ts';
import { TrainingRandom } from './random.ts';

vi.setConfig({ testTimeout: 480_000 });

const session = { threads: 1, gentle: true };
let folder: string;
let teacher: Checkpoint;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'distillation-'));
  teacher = await openCheckpoint(await createTinyCheckpoint(folder), () => '');
});
afterAll(() => rm(folder, { recursive: true }));

const request = (changes: Partial<DistillRequest> = {}) =>
  DistillRequest.parse({ name: 'new', steps: 8, batch: 4, points: 40, threads: 1, learningRate: 2e-3, ...changes });
const pictures = (size = 64) => storybookPictures(1, 40, size);
const work = (name: string) => path.join(folder, 'work', name);
const start = (name: string, changes: Partial<Parameters<typeof distil>[0]> = {}) =>
  distil({ checkpoint: teacher, request: request(), source: pictures(), folder: work(name), ...changes });

describe('teaching points', () => {
  const opened: TeachingPoints[] = [];
  afterAll(() => Promise.all(opened.map((points) => points.close())));
  async function taught(changes: Partial<DistillRequest>, source: PromptSource = pictures(), at?: string, initFrom?: Checkpoint): Promise<TeachingPoints> {
    const text = await TeacherText.open(teacher, session);
    at ??= await mkdtemp(path.join(folder, 'points-'));
    try {
      const points = await teachingPoints({ checkpoint: teacher, initFrom, text, source, request: request(changes), folder: at, session, onPoints: () => {} });
      opened.push(points);
      return points;
    } finally {
      await text.close();
    }
  }

  test('are read from their file, and a file that has lost some is no silence', async () => {
    const at = await mkdtemp(path.join(folder, 'lost-'));
    const points = await taught({ points: 20 }, pictures(), at);
    expect(read(points, 19, 3).sigma).toBeGreaterThan(0);
    await truncate(path.join(at, pointsFile), 10);
    expect(() => read(points, 19, 3)).toThrow(expect.objectContaining({ code: 'corrupt-file' }));
  });

  const random = () => new TrainingRandom(1);
  /** As they were before they were kept in half precision, nearly. */
  const near = (actual: Float32Array, expected: Float32Array, tolerance: number): void => {
    const size = Math.max(...expected.map(Math.abs));
    expect(Math.max(...expected.map((value, i) => Math.abs(value - actual[i]!))) / size).toBeLessThan(tolerance);
  };
  function read(points: TeachingPoints, index: number, guidance = points.scale(index, random())) {
    const [x, target, conditional] = [new Float32Array(points.length), new Float32Array(points.length), new Float32Array(points.length)];
    return { x, target, conditional, guidance, sigma: points.read(index, guidance, { latents: x, target, conditional }, 0) };
  }

  describe.each(['noised', 'trajectories'] as const)('from %s', (pointsFrom) => {
    test.each(['euler', 'z-sampling', 'w2sd'] as const)('are the effective velocity of what the sampler does: %s', async (strategy) => {
      const points = await taught({ strategy, pointsFrom, scheduleSteps: 5, guidanceRange: [2, 6], guidanceEmphasis: 1 });
      const parts = await openPipelineParts(teacher, session);
      const sigmas = flowMatchSigmas(5, parts.shift);
      const reached = new Set<number>();
      // One of each group of noised pictures, where a reflecting strategy has one noise level; different levels of a trajectory.
      for (const index of [0, 17, 34]) {
        const { x, target, conditional, guidance, sigma } = read(points, index);
        expect(guidance).toBeGreaterThanOrEqual(2);
        expect(guidance).toBeLessThanOrEqual(6);
        const pair = { prompt: await parts.textEncoder.encode(pictures().caption(points.item(index))), negative: await parts.textEncoder.encode('') };
        const at = (scale: number) => guidedField(parts.velocityModel, classifierFree, pair, scale);
        const level = sigmas.indexOf(sigma);
        reached.add(level);
        if (strategy !== 'euler') expect(level).toBeGreaterThanOrEqual(0);
        near(target, strategy === 'euler'
          ? await at(guidance)(x, sigma)
          : await effectiveVelocity(stepMap(planSampling(strategy, guidance), sigmas, level, { at, weakAt: at }), x, sigma, sigmas[level + 1]!), 0.01);
        near(conditional, await at(1)(x, sigma), 0.01);
        // Any scale may be asked of the two branches.
        if (strategy === 'euler') near(read(points, index, 0).target, await at(0)(x, sigma), 0.01);
      }
      if (strategy !== 'euler') expect(reached.size).toBe(3);
      await parts.close();
    });
  });

  test('are noised pictures', async () => {
    const points = await taught({ points: 20 });
    const sigmas = Array.from({ length: 20 }, (_, i) => read(points, i).sigma);
    expect(new Set(sigmas).size).toBe(20);
    expect(Math.min(...sigmas)).toBeGreaterThan(0);
    expect(Math.max(...sigmas)).toBeLessThanOrEqual(1);
    expect(Array.from({ length: 20 }, (_, i) => points.item(i))).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(points.items).toBe(20);
  });

  test.each(['euler', 'z-sampling', 'w2sd'] as const)('of a trajectory are where the sampler goes, each step of it: %s', async (strategy) => {
    const prompts = ['a red boat', 'two green stars on the beach', 'a blue house'];
    const steps = 4;
    const points = await taught({ strategy, pointsFrom: 'trajectories', scheduleSteps: steps, points: 18, prompts, ownScaleShare: 1 }, promptSource(prompts));
    expect(points.items).toBe(3);
    expect(Array.from({ length: 18 }, (_, i) => points.item(i))).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 0, 0, 0, 0, 1, 1]);
    for (let trajectory = 0; trajectory < 4; trajectory++) {
      const levels = trajectoryLevels({ strategy, scheduleSteps: steps, seed: 1 }, 3, trajectory);
      const visited = Array.from({ length: steps }, (_, level) => read(points, trajectory * steps + level));
      expect(visited.map(({ sigma }) => sigma)).toEqual(Array.from(levels.subarray(0, steps)));
      expect(new Set(visited.map(({ guidance }) => guidance)).size).toBe(1);
      for (let level = 0; level + 1 < steps; level++) {
        const { x, target } = visited[level]!;
        near(visited[level + 1]!.x, x.map((value, i) => value + (levels[level + 1]! - levels[level]!) * target[i]!), 0.005);
      }
    }
    const scales = Array.from({ length: 5 }, (_, trajectory) => points.scale(trajectory * steps, random()));
    expect(new Set(scales).size).toBe(5);
    const noises = [0, 1, 2].map((trajectory) => read(points, trajectory * steps).x.slice(0, 8).join());
    expect(new Set(noises).size).toBe(3);
  });

  test.each([
    ['euler', 'teefusion'], ['z-sampling', 'teefusion'], ['w2sd', 'distillcfg'],
  ] as const)('of a student\'s way are where that student goes, with its teacher\'s answer there: %s, %s', async (strategy, kind) => {
    const { student } = await start(`walker-${kind}`, { request: request({ kind, steps: 1 }) });
    await writeStudent(path.join(folder, 'walkers', kind), kind, student, teacher.dir);
    const walker = await openCheckpoint(path.join(folder, 'walkers', kind), () => teacher.dir);
    const prompts = ['a red boat', 'two green stars on the beach'];
    const steps = 3;
    const points = await taught({ strategy, kind, initFrom: kind, pointsFrom: 'student', scheduleSteps: steps, points: 6, prompts, ownScaleShare: 1, guidanceRange: [2, 6] }, promptSource(prompts), undefined, walker);
    const [teaching, walking] = [await openPipelineParts(teacher, session), await openPipelineParts(walker, session)];
    for (const [trajectory, prompt] of prompts.entries()) {
      const sigmas = trajectoryLevels({ strategy, scheduleSteps: steps, seed: 1 }, 3, trajectory);
      const pair = { prompt: await teaching.textEncoder.encode(prompt), negative: await teaching.textEncoder.encode('') };
      const at = (scale: number) => guidedField(teaching.velocityModel, classifierFree, pair, scale);
      for (let level = 0; level < steps; level++) {
        const { x, target, guidance, sigma } = read(points, trajectory * steps + level);
        expect(sigma).toBe(sigmas[level]);
        const answer = strategy === 'euler'
          ? await at(guidance)(x, sigma)
          : await effectiveVelocity(stepMap(planSampling(strategy, guidance), sigmas, level, { at, weakAt: at }), x, sigma, sigmas[level + 1]!);
        near(target, answer, 0.01);
        if (level + 1 === steps) continue;
        const own = await guidedField(walking.velocityModel, embedded, pair, guidance)(x, sigma);
        const arrived = read(points, trajectory * steps + level + 1).x;
        const missed = (velocity: Float32Array) => Math.max(...x.map((value, i) => Math.abs(value + (sigmas[level + 1]! - sigma) * velocity[i]! - arrived[i]!)));
        // Half precision keeps numbers of up to 4 to 0.002. Its teacher would have gone elsewhere.
        expect(missed(own)).toBeLessThan(0.005);
        expect(missed(answer)).toBeGreaterThan(5 * missed(own));
      }
    }
    await Promise.all([teaching.close(), walking.close()]);
  });

  test('of a trajectory teach its own scale as often as asked for', async () => {
    const shareOfOwn = async (ownScaleShare: number): Promise<number> => {
      const points = await taught({ pointsFrom: 'trajectories', scheduleSteps: 2, points: 4, ownScaleShare });
      const draw = random();
      const own = points.scale(2, new TrainingRandom(5));
      const scales = Array.from({ length: 400 }, () => points.scale(2, draw));
      expect(Math.min(...scales)).toBeGreaterThanOrEqual(1);
      expect(Math.max(...scales)).toBeLessThanOrEqual(9);
      const most = Math.max(...scales.map((scale) => scales.filter((other) => other === scale).length));
      if (ownScaleShare === 1) expect(new Set(scales)).toEqual(new Set([own]));
      return most / scales.length;
    };
    expect(await shareOfOwn(1)).toBe(1);
    expect(await shareOfOwn(0)).toBeLessThan(0.01);
    expect(await shareOfOwn(0.5)).toBeCloseTo(0.5, 1);
  });

  test('of prompts without pictures cannot be noised', async () => {
    await expect(taught({}, promptSource(['a red boat']))).rejects.toMatchObject({ code: 'invalid-input', hint: expect.stringContaining('trajectories') });
  });

  test('of another size are refused', async () => {
    await expect(start('size', { source: pictures(32) })).rejects.toMatchObject({ code: 'invalid-input', message: expect.stringContaining('32×32') });
  });

  test('are shared where nothing that decides them differs', () => {
    const same = (one: Partial<DistillRequest>, other: Partial<DistillRequest>) =>
      JSON.stringify(pointsIdentity(request(one))) === JSON.stringify(pointsIdentity(request(other)));
    expect(same({}, { kind: 'distillcfg', steps: 9, batch: 2, guidanceRange: [0, 30], scheduleSteps: 7, optimizer: 'muon', guidanceEmbedding: 'w' })).toBe(true);
    expect(same({ pointsFrom: 'trajectories' }, { pointsFrom: 'trajectories', ownScaleShare: 1, kind: 'linear' })).toBe(true);
    for (const changes of [{ points: 41 }, { seed: 2 }, { pointsFrom: 'trajectories' }, { strategy: 'w2sd' }] as const) expect(same({}, changes)).toBe(false);
    expect(same({ pointsFrom: 'trajectories' }, { pointsFrom: 'trajectories', guidanceRange: [0, 30] })).toBe(false);
    expect(same({ initFrom: 'one' }, { initFrom: 'other' })).toBe(true);
    expect(same({ pointsFrom: 'student', initFrom: 'one' }, { pointsFrom: 'student', initFrom: 'other' })).toBe(false);
    expect(same({}, { guidanceEmphasis: 3 })).toBe(true);
    expect(same({ strategy: 'w2sd' }, { strategy: 'w2sd', guidanceEmphasis: 3 })).toBe(false);
    expect(same({ strategy: 'w2sd', guidanceEmphasis: 1 }, { strategy: 'w2sd', guidanceEmphasis: 3 })).toBe(true);
    expect(same({ strategy: 'w2sd' }, { strategy: 'w2sd', reflection: { weakGuidance: 0 } })).toBe(false);
  });
});

describe('a trajectory\'s levels', () => {
  const levels = (strategy: DistillRequest['strategy'], scheduleSteps: number, trajectory: number) => trajectoryLevels({ strategy, scheduleSteps, seed: 3 }, 3, trajectory);

  test('fall from noise to picture, for Euler through every level between', () => {
    fc.assert(fc.property(fc.constantFrom('euler', 'z-sampling', 'w2sd'), fc.integer({ min: 1, max: 60 }), fc.nat(1000), (strategy, steps, trajectory) => {
      const sigmas = levels(strategy, steps, trajectory);
      expect(sigmas).toHaveLength(steps + 1);
      expect([sigmas[0], sigmas[steps]]).toEqual([1, 0]);
      for (let i = 0; i < steps; i++) expect(sigmas[i + 1]!).toBeLessThan(sigmas[i]!);
    }));
    const second = Array.from({ length: 200 }, (_, trajectory) => levels('euler', 5, trajectory)[2]!);
    const third = Array.from({ length: 200 }, (_, trajectory) => levels('euler', 5, trajectory)[3]!);
    expect(Math.abs(Math.min(...second) - Math.max(...third))).toBeLessThan(0.02);
  });
});

test('the student comes nearer to its teacher, and says how it was made', async () => {
  const losses: number[] = [];
  const reports: DistillProgress[] = [];
  const { student, outcome } = await start('falls', {
    request: request({ steps: 60, batch: 8 }),
    onProgress: (progress) => {
      reports.push(progress);
      if (progress.loss !== null) losses.push(progress.loss);
    },
  });
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(losses).toHaveLength(60);
  expect(mean(losses.slice(-10))).toBeLessThan(0.7 * mean(losses.slice(0, 3)));
  expect(outcome.loss).toBeCloseTo(mean(losses.slice(-3)), 6);
  expect(outcome.samples).toBe(480);
  expect(student.config).toMatchObject({ txt_align_guidance: true, guidance_multiplier: 110, fusion_scale: outcome.fusionScale, guidance_embedding: 'scale' });
  expect(student.distillation).toMatchObject({ teacher: 'storybook', strategy: 'euler', distilled_steps: null, guidance_range: [1, 9], points: 'noised-images', samples: 480 });
  expect(reports.map(({ phase, step, steps }) => ({ phase, step, steps })).slice(0, 4)).toEqual([
    { phase: 'teaching', step: 16, steps: 40 }, { phase: 'teaching', step: 32, steps: 40 }, { phase: 'teaching', step: 40, steps: 40 },
    { phase: 'learning', step: 1, steps: 60 },
  ]);
  for (const { samplesPerSecond, secondsLeft } of reports) {
    expect(samplesPerSecond).toBeGreaterThan(0);
    expect(secondsLeft).toBeGreaterThanOrEqual(0);
  }
});

test('a batch in parts teaches what the batch teaches, and goes on bit for bit', async () => {
  const parts = request({ accumulate: 2, steps: 4 });
  const losses: Record<string, number[]> = { one: [], two: [], resumed: [] };
  const listen = (name: string) => ({ loss }: DistillProgress): void => void (loss !== null && losses[name]!.push(loss));
  await start('in-one', { request: request({ steps: 4 }), onProgress: listen('one') });
  const whole = await start('in-two', { request: parts, onProgress: listen('two') });
  expect(losses['two']).toHaveLength(4);
  losses['two']!.forEach((loss, i) => expect(Math.abs(loss / losses['one']![i]! - 1)).toBeLessThan(1e-3));
  expect(whole.student.distillation.training).toMatchObject({ batch: 4, accumulate: 2 });
  await stopped('in-two-stopped', ({ phase, step }) => phase === 'learning' && step === 2, { request: parts });
  const resumed = await start('in-two-stopped', { request: parts, onProgress: listen('resumed') });
  expect(losses['resumed']).toEqual(losses['two']!.slice(2));
  expect(resumed.student.weights).toEqual(whole.student.weights);
});

test('a batch that is no multiple of its parts is refused', () => {
  expect(DistillRequest.safeParse({ batch: 4, accumulate: 3 }).error?.issues).toMatchObject([{ path: ['accumulate'], message: expect.stringContaining('multiple') }]);
});

/** Runs until `when`, which has to come. */
async function stopped(name: string, when: (progress: DistillProgress) => boolean, changes: Partial<Parameters<typeof distil>[0]> = {}): Promise<void> {
  const stop = new AbortController();
  const run = start(name, { ...changes, signal: stop.signal, onProgress: (progress) => void (when(progress) && stop.abort()) });
  await expect(run).rejects.toMatchObject({ code: 'cancelled' });
}

describe('unfinished work', () => {
  test('is gone on with as if nothing had happened, bit for bit', async () => {
    const whole = await start('whole');
    await stopped('parts', ({ phase, step }) => phase === 'teaching' && step === 16);
    await stopped('parts', ({ phase, step }) => phase === 'learning' && step === 3);
    const steps: number[] = [];
    const resumed = await start('parts', { onProgress: ({ phase, step }) => void (phase === 'learning' && steps.push(step)) });
    expect(steps).toEqual([4, 5, 6, 7, 8]);
    expect(resumed.student.weights).toEqual(whole.student.weights);
    expect(resumed.outcome).toEqual(whole.outcome);
    // When nothing but the last rename was missing, nothing is learned again.
    const again = await start('parts', { onProgress: () => expect.fail('worked again') });
    expect(again.student.weights).toEqual(whole.student.weights);
  });

  test('whose points were cut short meanwhile computes what is missing, and ends with the same weights', async () => {
    const whole = await start('uncut');
    await stopped('cut', ({ phase, step }) => phase === 'learning' && step === 3);
    await truncate(path.join(work('cut'), pointsFile), 20 * 3 * 16 * 64 * 2);
    expect((await start('cut')).student.weights).toEqual(whole.student.weights);
  });

  test('of other settings is refused by naming them, or discarded when asked to; threads are no matter', async () => {
    await stopped('other', ({ phase }) => phase === 'teaching');
    const changed = { request: request({ steps: 3, threads: 2 }) };
    await expect(start('other', changed)).rejects.toMatchObject({
      code: 'invalid-input', message: 'The unfinished distillation "new" is another one: steps was 8, now 3.', hint: expect.stringContaining('same settings'),
    });
    expect(await readdir(work('other'))).toContain('points.f16');
    expect((await start('other', { ...changed, otherWork: 'discard' })).outcome.samples).toBe(12);
  });

  test('of a teacher that has changed is refused', async () => {
    await stopped('changed', ({ phase }) => phase === 'teaching');
    const checkpoint = await openCheckpoint(await createTinyCheckpoint(folder, 'changed-teacher', 5), () => '');
    await expect(start('changed', { checkpoint })).rejects.toMatchObject({ code: 'invalid-input', message: expect.stringContaining('has changed') });
  });
});

describe('a student that goes on from another', () => {
  const earlier = (name: string) => path.join(folder, 'earlier', name);
  async function learned(name: string, changes: Partial<DistillRequest>) {
    const { student } = await start(name, { request: request({ steps: 2, ...changes }) });
    await writeStudent(earlier(name), name, student, teacher.dir);
    return openCheckpoint(earlier(name), () => teacher.dir);
  }
  const after = (from: Checkpoint, changes: Partial<DistillRequest> = {}) =>
    ({ initFrom: from, request: request({ initFrom: 'first', steps: 1, points: 8, learningRate: 1e-6, averageDecay: 0, ...changes }) });

  test.each(['teefusion', 'distillcfg'] as const)('begins with its weights, takes the scale as it does, and says so: %s', async (kind) => {
    const first = await learned(`first-${kind}`, { kind, guidanceMultiplier: 77, ...(kind === 'teefusion' && { fusionScale: 0.3 }) });
    const { student, outcome } = await start(`second-${kind}`, after(first, { kind, seed: 2 }));
    expect(student.config).toEqual(first.transformer.config);
    expect(student.config.guidance_multiplier).toBe(77);
    expect(outcome).toMatchObject({ samples: 4, fusionScale: kind === 'teefusion' ? 0.3 : null });
    const before = await readTensors(first.transformer.weights);
    for (const { name, data } of student.parameters.export(student.weights, 'transformer.', 'F32')) {
      const moved = Math.max(...before.get(name)!.data.map((value, i) => Math.abs(value - data[i]!)));
      expect(moved, name).toBeLessThan(1e-5);
    }
    expect(student.distillation).toMatchObject({ samples: 12, init_from: { student: 'first', hash: await hashCheckpoint(first), samples: 8, strategy: 'euler', guidance_range: [1, 9], training: { steps: 2 } } });
  });

  test('learns where that student goes, and says so', async () => {
    const first = await learned('first-walked', {});
    const { student } = await start('second-walked', after(first, { pointsFrom: 'student', scheduleSteps: 2, seed: 2, guidanceEmphasis: 1 }));
    expect(student.distillation).toMatchObject({ points: 'student-trajectories', init_from: { points: 'noised-images' }, training: { trajectory_steps: 2, own_scale_share: 0.5, guidance_emphasis: 1 } });
    await writeStudent(earlier('second-walked'), 'second-walked', student, teacher.dir);
    const card = await readFile(path.join(earlier('second-walked'), 'README.md'), 'utf8');
    expect(card).toContain('from trajectories of the student that it went on from, corrected by its teacher, after the 8 of `first`');
  });

  test('has to be of the same teacher and kind, and a student', async () => {
    const first = await learned('first', {});
    await expect(start('as-other', after(first, { kind: 'distillcfg' }))).rejects.toMatchObject({ code: 'invalid-input', message: expect.stringContaining('kind teefusion') });
    await expect(start('from-teacher', after(teacher))).rejects.toMatchObject({ code: 'invalid-input', message: expect.stringContaining('it is a teacher') });
    const other = await openCheckpoint(await createTinyCheckpoint(folder, 'another-teacher', 6), () => '');
    await expect(start('of-other', { checkpoint: other, ...after(first) })).rejects.toMatchObject({ code: 'invalid-input', message: expect.stringContaining('did not learn from "storybook" as that is now') });
    expect(DistillRequest.safeParse({ initFrom: 'first', lora: { rank: 2 } }).error?.issues).toMatchObject([{ path: ['initFrom'] }]);
    expect(DistillRequest.safeParse({ pointsFrom: 'student' }).error?.issues).toMatchObject([{ path: ['pointsFrom'] }]);
    // A name alone is not a student.
    await expect(start('unopened', { request: request({ initFrom: 'first' }) })).rejects.toMatchObject({ code: 'invalid-input' });
  });
});

describe('a teacher that cannot teach', () => {
  test('a student', async () => {
    const student = await openCheckpoint(await createTinyStudent(folder), () => path.join(folder, 'storybook'));
    await expect(start('student', { checkpoint: student })).rejects.toMatchObject({ code: 'invalid-input' });
  });

  test('one whose autoencoder cannot encode', async () => {
    const dir = await createTinyCheckpoint(folder, 'decoder-only');
    const tensors = [...(await readTensors(teacher.vae.weights))].filter(([name]) => !name.startsWith('encoder.'));
    await writeCheckpointComponent(path.join(dir, 'vae'), teacher.vae.config, tensors.map(([name, { shape, data }]) => ({ name, shape, data, dtype: 'F16' })));
    const checkpoint = await openCheckpoint(dir, () => '');
    await expect(start('decoder', { checkpoint })).rejects.toMatchObject({ code: 'unsupported', message: expect.stringContaining('encoder'), hint: expect.stringContaining('trajectories') });
    // Its own way from noise to picture needs none.
    const { student } = await start('decoder-trajectories', { checkpoint, request: request({ pointsFrom: 'trajectories', scheduleSteps: 3, steps: 1 }) });
    expect(student.distillation).toMatchObject({ points: 'trajectories', distilled_steps: null });
  });

  test('one without an influence of the text leaves the scale to a person', async () => {
    const dir = await createTinyCheckpoint(folder, 'deaf');
    const tensors = await readTensors(teacher.transformer.weights);
    const deaf = [...tensors].map(([name, { shape, data }]) => ({ name, shape, dtype: 'F16' as const, data: name.includes('text_embedder.linear_2') ? new Float32Array(data.length) : data }));
    await writeCheckpointComponent(path.join(dir, 'transformer'), teacher.transformer.config, deaf);
    const checkpoint = await openCheckpoint(dir, () => '');
    await expect(start('deaf', { checkpoint })).rejects.toMatchObject({ code: 'unsupported', hint: expect.stringContaining('fusion scale') });
    expect((await start('deaf-scaled', { checkpoint, request: request({ fusionScale: 0.5, steps: 1 }) })).outcome.fusionScale).toBe(0.5);
  });
});

test('a loss that is no number stops it with advice', async () => {
  await expect(start('nan', { request: request({ fusionScale: 1e6, learningRate: 1, steps: 200 }) })).rejects.toMatchObject({
    code: 'unsupported', hint: expect.stringContaining('learning rate'),
  });
});
