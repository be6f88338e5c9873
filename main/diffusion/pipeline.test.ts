import { describe, expect, it } from 'vitest';
import { cfgMean, exactImage, GaussianFlow, gaussianVelocity, MeanEncoder } from '../../tests/fixtures/gaussian-flow.ts';
import { CachedTextEncoder } from './embedding-cache.ts';
import type { Picture, PipelineParts, StudentTraits } from './model.ts';
import { seededNoise } from './noise.ts';
import { Pipeline, type StepEvent } from './pipeline.ts';

const traits: StudentTraits = { distilledFrom: 'euler', distilledSteps: null, guidanceRange: [1, 9] };

/** Shows the first channel, clamped: enough to see which latents came in. */
function picture(latents: Float32Array): Picture {
  return { width: 4, height: 4, rgb: Uint8Array.from({ length: 48 }, (_, i) => Math.max(0, Math.min(255, 128 + 64 * latents[Math.floor(i / 3)]!))) };
}

function parts(overrides: Partial<PipelineParts> = {}): PipelineParts & { velocityModel: GaussianFlow; textEncoder: MeanEncoder } {
  return {
    velocityModel: new GaussianFlow(),
    textEncoder: new MeanEncoder(),
    decoder: { decode: (latents) => Promise.resolve(picture(latents)) },
    preview: { preview: picture },
    shift: 3,
    student: null,
    ...overrides,
  } as PipelineParts & { velocityModel: GaussianFlow; textEncoder: MeanEncoder };
}

const request = { prompt: '0.5', guidance: 3, steps: 30, seed: 7 } as const;
const distance = (a: Float32Array, b: Float32Array) => Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

describe('Pipeline', () => {
  it('carries the seed\'s noise along the guided flow to a picture', async () => {
    const image = await new Pipeline(parts()).run({ ...request, steps: 200 });
    expect(distance(image.latents, exactImage(seededNoise(7, 64), cfgMean(0.5, 0, 3)))).toBeLessThan(0.05);
    expect(image.picture).toEqual(picture(image.latents));
    expect(image).toMatchObject({ sampler: 'euler', effectiveGuidance: 3, nfe: 400, generator: 'torch-cpu-mt19937', warnings: [] });
    expect(image.networkMs).toBeLessThanOrEqual(image.samplingMs);
  });

  it('gives the same picture for the same request, and another for another seed', async () => {
    const pipeline = new Pipeline(parts());
    const [first, again, other] = [await pipeline.run(request), await pipeline.run(request), await pipeline.run({ ...request, seed: 8 })];
    expect(again.latents).toEqual(first.latents);
    expect(other.latents).not.toEqual(first.latents);
  });

  it('gives overlapping runs the pictures they have alone', async () => {
    const pipeline = new Pipeline(parts());
    const alone = [await pipeline.run(request), await pipeline.run({ ...request, guidance: 1 })];
    const together = await Promise.all([pipeline.run(request), pipeline.run({ ...request, guidance: 1 })]);
    together.forEach((image, i) => {
      expect(image.latents).toEqual(alone[i]!.latents);
      expect(image.nfe).toBe(alone[i]!.nfe);
    });
  });

  it.each([
    ['euler', 3, {}, 10, 20],
    ['euler', 1, {}, 10, 10],
    ['euler', 0, {}, 10, 10],
    ['z-sampling', 5.5, { inversionGuidance: 0, guard: false }, 50, 49 * 5 + 2],
    ['z-sampling', 5.5, { guard: false }, 10, 9 * 6 + 2],
    ['z-sampling', 5.5, { guard: false, steps: 4 }, 10, 4 * 6 + 6 * 2],
    ['z-sampling', 5.5, { guard: false }, 1, 2],
    ['w2sd', 5.5, { guard: false }, 10, 9 * 5 + 2],
    ['w2sd', 5.5, {}, 10, 8 * 5 + 2 * 2],
    ['w2sd', 1, { guard: false }, 10, 9 * 3 + 1],
  ] as const)('counts the branches it evaluates: %s at %d, %o, %d steps', async (sampler, guidance, reflection, steps, nfe) => {
    const teacher = parts();
    const pipeline = new Pipeline(teacher);
    const asked = { ...request, sampler, guidance, reflection, steps };
    const image = await pipeline.run(asked);
    expect(image.nfe).toBe(nfe);
    expect(pipeline.plannedNfe(asked)).toBe(nfe);
    expect(teacher.velocityModel.calls.reduce((sum, { conditions }) => sum + conditions.length, 0)).toBe(nfe);
  });

  it('reports every step, with falling time left and a preview of the image to come', async () => {
    const events: StepEvent[] = [];
    const image = await new Pipeline(parts()).run({ ...request, steps: 4 }, { onStep: (event) => events.push(event) });
    expect(events.map(({ step, steps, nfe }) => [step, steps, nfe])).toEqual([[1, 4, 2], [2, 4, 4], [3, 4, 6], [4, 4, 8]]);
    expect(events.at(-1)!.remainingMs).toBe(0);
    expect(events.at(-1)!.preview).toEqual(picture(image.latents));
    events.slice(1).forEach((event, i) => expect(event.elapsedMs).toBeGreaterThanOrEqual(events[i]!.elapsedMs));
    const noise = seededNoise(7, 64);
    const guess = gaussianVelocity(noise, 1, cfgMean(0.5, 0, 3)).map((velocity, i) => noise[i]! - velocity);
    const shown = picture(guess);
    events[0]!.preview.rgb.forEach((value, i) => expect(Math.abs(value - shown.rgb[i]!)).toBeLessThanOrEqual(1));
  });

  it('encodes a prompt once for as many runs as there are, in every pipeline that shares the encoder', async () => {
    const encoder = new MeanEncoder();
    const textEncoder = new CachedTextEncoder(encoder);
    const [teacher, student] = [new Pipeline(parts({ textEncoder })), new Pipeline(parts({ textEncoder, student: traits }))];
    for (const guidance of [2, 3]) {
      await teacher.run({ ...request, guidance });
      await student.run({ ...request, guidance });
    }
    expect(encoder.encoded).toEqual(['0.5', '']);
  });

  it('moves away from the negative prompt', async () => {
    const pipeline = new Pipeline(parts());
    const image = await pipeline.run({ ...request, steps: 200, negativePrompt: '1' });
    expect(distance(image.latents, exactImage(seededNoise(7, 64), cfgMean(0.5, 1, 3)))).toBeLessThan(0.05);
  });

  it('lets a weak model guide the way back of W2SD, and of nothing else', async () => {
    for (const [sampler, weakCalls] of [['w2sd', 9], ['z-sampling', 0], ['euler', 0]] as const) {
      const weakVelocityModel = new GaussianFlow();
      const image = await new Pipeline(parts({ weakVelocityModel })).run({ ...request, sampler, steps: 10, reflection: { guard: false } });
      expect(weakVelocityModel.calls).toHaveLength(weakCalls);
      expect(image.nfe).toBe({ w2sd: 47, 'z-sampling': 56, euler: 20 }[sampler]);
    }
  });

  it('reports the effective guidance of the steps that reflect, and the guidance itself where none can', async () => {
    const pipeline = new Pipeline(parts());
    expect((await pipeline.run({ ...request, sampler: 'z-sampling', guidance: 5 })).effectiveGuidance).toBe(9.5);
    expect((await pipeline.run({ ...request, sampler: 'z-sampling', guidance: 5, steps: 1 })).effectiveGuidance).toBe(5);
  });

  describe('with a student', () => {
    it('makes one Euler pass per step with the scale inside, whatever the teacher\'s sampler', async () => {
      const student = parts({ student: traits });
      const image = await new Pipeline(student).run({ ...request, sampler: 'w2sd', negativePrompt: '-1', steps: 5 });
      expect(image).toMatchObject({ sampler: 'euler', nfe: 5, effectiveGuidance: 3 });
      expect(image.warnings.map(({ code }) => code)).toEqual(['student-sampler']);
      for (const { conditions } of student.velocityModel.calls) {
        expect(conditions).toHaveLength(1);
        expect(conditions[0]!.guidance).toEqual({ scale: 3, nullPooled: Float32Array.of(-1) });
      }
    });

    it('warns outside its range and still makes the picture', async () => {
      const pipeline = new Pipeline(parts({ student: traits }));
      const image = await pipeline.run({ ...request, guidance: 12 });
      expect(image.warnings).toEqual(pipeline.warnings({ ...request, guidance: 12 }));
      expect(image.warnings).toHaveLength(1);
      expect(image.picture.rgb).toHaveLength(48);
    });
  });

  describe('stops', () => {
    it('within a step when it is cancelled from outside, though the network never lets the event loop turn', async () => {
      const teacher = parts();
      const controller = new AbortController();
      // Stands for a message that waits in the event loop while ONNX Runtime blocks it.
      setImmediate(() => controller.abort());
      await expect(new Pipeline(teacher).run(request, { signal: controller.signal })).rejects.toMatchObject({ code: 'cancelled' });
      expect(teacher.velocityModel.calls.length).toBeLessThanOrEqual(1);
    });

    it('inside a reflection, before its next evaluation', async () => {
      const controller = new AbortController();
      const model = new GaussianFlow();
      const velocity = model.velocity.bind(model);
      model.velocity = (latents, sigma, conditions) => {
        if (model.calls.length === 3) controller.abort();
        return velocity(latents, sigma, conditions);
      };
      const run = new Pipeline(parts({ velocityModel: model })).run({ ...request, sampler: 'z-sampling' }, { signal: controller.signal });
      await expect(run).rejects.toMatchObject({ code: 'cancelled' });
      expect(model.calls).toHaveLength(4);
    });

    it('before decoding', async () => {
      const controller = new AbortController();
      let decoded = 0;
      const pipeline = new Pipeline(parts({ decoder: { decode: (latents) => Promise.resolve((decoded++, picture(latents))) } }));
      const run = pipeline.run(request, { signal: controller.signal, onStep: ({ step, steps }) => step === steps && controller.abort() });
      await expect(run).rejects.toMatchObject({ code: 'cancelled' });
      expect(decoded).toBe(0);
    });

    it('at a request that is no request, before anything is evaluated', async () => {
      const teacher = parts();
      await expect(new Pipeline(teacher).run({ ...request, guidance: Number.NaN })).rejects.toMatchObject({ code: 'invalid-input' });
      expect(teacher.textEncoder.encoded).toEqual([]);
    });

    it('at values that are no numbers, naming the step', async () => {
      const model = new GaussianFlow();
      const velocity = model.velocity.bind(model);
      model.velocity = async (latents, sigma, conditions) =>
        (await velocity(latents, sigma, conditions)).map((values) => (model.calls.length === 3 ? values.fill(Number.NaN, 5, 6) : values));
      await expect(new Pipeline(parts({ velocityModel: model })).run(request)).rejects.toMatchObject({
        code: 'unsupported', message: expect.stringContaining('step 3'),
      });
    });
  });
});
