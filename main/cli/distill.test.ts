// `studio distill`: what a person may write, and one whole distillation as a user starts it.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTinyCheckpoint } from '../../tests/fixtures/tiny.ts';
import { JobConfig, JobEstimate, JobProgress, jobPresets } from '../contract/jobs.ts';
import { distill, distillConfig } from './commands/distill.ts';
import { DistillDisplay, distillLine, estimateLine } from './distill-display.ts';
import { parseArguments, UsageError } from './options.ts';
import { killAll, start, studio } from './testing/run-program.ts';

vi.setConfig({ testTimeout: 900_000 });

const folder = mkdtempSync(join(tmpdir(), 'teefusion-distill-'));
const models = join(folder, 'models');
beforeAll(async () => void (await createTinyCheckpoint(models)));
afterEach(killAll);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function config(content: unknown): string {
  const file = join(folder, `config-${(files += 1)}.json`);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

describe('the request', () => {
  const from = (...args: string[]) => distillConfig(parseArguments(args, distill.options));
  const complaint = (...args: string[]): string => {
    try {
      from(...args);
    } catch (error) {
      expect(error).toBeInstanceOf(UsageError);
      return (error as Error).message;
    }
    return expect.fail('it was accepted');
  };

  it('takes the one of the guide, which is the quick preset with an evaluation', () => {
    const guide = from('--config', join(import.meta.dirname, '..', '..', 'docs', 'guide', 'quick.json'));
    expect(guide).toMatchObject({ name: 'my-first-student', teacher: 'storybook', source: { kind: 'storybook' }, evaluate: { guidance: [3, 5] } });
    expect(guide).toMatchObject(jobPresets[0].config);
    expect(guide.evaluate!.count).toBeGreaterThanOrEqual(32);
  });

  it('has defaults for everything', () => expect(from()).toEqual(JobConfig.parse({})));

  it('is the same from options and from a file; an option goes before the file', () => {
    const whole = {
      name: 'mine', teacher: 'other', initFrom: 'earlier', kind: 'teefusion', strategy: 'w2sd', scheduleSteps: 12, reflection: { steps: 4, weakGuidance: 0, guard: false }, guidanceRange: [0, 7],
      guidanceEmbedding: 'w', guidanceMultiplier: 100, fusionScale: 0.25, steps: 3, batch: 2, accumulate: 2, recompute: true, points: 5, pointsFrom: 'trajectories', ownScaleShare: 0.75,
      optimizer: 'muon', lora: null, learningRate: 0.001, warmup: 2, hold: 0.5, finalShare: 0, lossKnee: 2.5, weighSteps: true, guidanceEmphasis: 1.5, averageDecay: 0.9, seed: 0, device: 'auto', threads: 1, validateEvery: 0, checkpointEvery: 7, sampleEvery: 9, gentle: false, samples: null,
      evaluate: { count: 5, guidance: [2, 4], steps: null },
      source: { kind: 'list', prompts: ['a red boat', 'a blue star'] },
    };
    const prompts = config('\ufeffa red boat\r\n\n  a blue star \n');
    const typed = [
      '--name', 'mine', '--teacher', 'other', '--init-from', 'earlier', '--kind', 'teefusion', '--strategy', 'w2sd', '--schedule-steps', '12', '--reflection-steps', '4', '--weak-guidance', '0', '--no-guard', '--guidance-range', '0,7',
      '--guidance-embedding', 'w', '--guidance-multiplier', '100', '--fusion-scale', '0.25', '--steps', '3', '--batch', '2', '--accumulate', '2', '--recompute', '--points', '5', '--points-from', 'trajectories',
      '--own-scale-share', '0.75', '--prompts', prompts, '--optimizer', 'muon', '--learning-rate', '0.001', '--seed', '0', '--device', 'auto', '--threads', '1',
      '--warmup', '2', '--hold', '0.5', '--final-share', '0', '--loss-knee', '2.5', '--weigh-steps', '--guidance-emphasis', '1.5', '--average-decay', '0.9', '--validate-every', '0', '--checkpoint-every', '7', '--sample-every', '9', '--hurry', '--evaluate', '5', '--evaluate-guidance', '2,4',
    ];
    expect(from(...typed)).toEqual(whole);
    const file = config(whole);
    // A list of prompts has a short form.
    const { source, ...rest } = whole;
    expect(from('--config', config({ ...rest, prompts: source.prompts }))).toEqual(whole);
    expect(from('--config', file)).toEqual(whole);
    expect(from('--config', file, '--steps', '9', '--reflection-steps', '2')).toEqual({ ...whole, steps: 9, reflection: { ...whole.reflection, steps: 2 } });
  });

  it('takes adapters from options or the file', () => {
    expect(from('--lora-rank', '16').lora).toEqual({ rank: 16, alpha: null });
    expect(from('--lora-rank', '16', '--lora-alpha', '8').lora).toEqual({ rank: 16, alpha: 8 });
    const file = config({ lora: { rank: 4, alpha: 2 } });
    expect(from('--config', file).lora).toEqual({ rank: 4, alpha: 2 });
    expect(from('--config', file, '--lora-rank', '8').lora).toEqual({ rank: 8, alpha: 2 });
    expect(complaint('--config', config({ lora: { rank: 0 } }))).toContain('"lora.rank" in ');
  });

  it('takes its source from an option or the file, with paths that hold wherever it runs', () => {
    expect(from('--pictures', 'mine').source).toEqual({ kind: 'folder', path: resolve('mine') });
    expect(from('--library-prompts', 'boat', '--points-from', 'trajectories').source).toEqual({ kind: 'library', search: 'boat' });
    expect(from('--config', config({ source: { kind: 'file', path: 'a.txt' }, pointsFrom: 'trajectories' })).source).toEqual({ kind: 'file', path: resolve('a.txt') });
    expect(complaint('--pictures', 'a', '--library-prompts', 'b')).toContain('two sources');
    expect(complaint('--pictures', 'a', '--prompts', config('a red boat'))).toContain('another source');
    expect(complaint('--config', config({ source: { kind: 'web' } }))).toContain('source');
  });

  it.each([
    [['--steps', '0'], '--steps must be at least 1'],
    [['--steps', '1.5'], '--steps must be a whole number'],
    [['--steps', 'many'], '--steps takes a number, not "many"'],
    [['--strategy', 'dpm'], '--strategy must be one of euler, z-sampling, w2sd'],
    [['--name', '../up'], '--name is not valid'],
    [['--guidance-range', '5'], '--guidance-range takes two numbers such as 1,9, not "5"'],
    [['--guidance-range', '1,99'], '--guidance-range must be at most 30'],
    [['--guidance-range', '9,1'], '--guidance-range is not valid: the lower scale comes first'],
    [['--learning-rate', '-1'], '--learning-rate'],
    [['--kind', 'adapter'], '--kind must be one of teefusion, distillcfg, linear'],
    [['--points-from', 'pictures'], '--points-from must be one of noised, trajectories, student'],
    [['--points-from', 'student'], '--points-from is not valid: the way of a student needs a student to go on from'],
    [['--guidance-embedding', 'gamma'], '--guidance-embedding must be one of scale, w'],
    [['--optimizer', 'sgd'], '--optimizer must be one of adamw, muon'],
    [['--lora-rank', '0'], '--lora-rank must be at least 1'],
    [['--lora-rank', '4', '--lora-alpha', '0'], '--lora-alpha'],
    [['--lora-alpha', '8'], '--lora-rank'],
    [['--lora-rank', '4', '--optimizer', 'muon'], '--optimizer is not valid: Muon is for whole matrices'],
    [['--evaluate', '0'], '--evaluate must be at least 1'],
    [['--evaluate', '8', '--evaluate-guidance', '3,x'], '--evaluate-guidance takes numbers'],
    [['--evaluate-guidance', '3,12'], '--evaluate-guidance is not valid: the student learns scales from 1 to 9 only'],
    [['--own-scale-share', '1.5'], '--own-scale-share must be at most 1'],
    [['--kind', 'linear', '--fusion-scale', '0.5'], '--fusion-scale is not valid: only a TeEFusion student has a fused term'],
    [['--prompts', config('a red boat')], '--points-from is not valid: prompts without pictures can only be learned from with trajectories'],
    [['--prompts', config(' \n'), '--points-from', 'trajectories'], 'holds no prompt'],
    [['--prompts', join(folder, 'nowhere.txt')], '--prompts: '],
    [['--config', join(folder, 'nowhere.json')], 'cannot be read'],
  ])('%j: %s', (args, message) => expect(complaint(...args)).toContain(message));

  it.each([
    [{ stepps: 5 }, 'Unrecognized key: "stepps"'],
    [{ steps: '5' }, '"steps" in '],
    [{ reflection: 3 }, 'reflection'],
    [{ kind: 'distillcfg', fusionScale: 1 }, '"fusionScale" in '],
    [{ prompts: ['a red boat'] }, '"pointsFrom" in '],
    [{ prompts: [], pointsFrom: 'trajectories' }, '"prompts" in '],
    [{ pointsFrom: 'trajectory' }, '"pointsFrom" in '],
    ['{"steps": 5', 'is not valid JSON'],
    ['[1]', 'must hold one JSON object'],
  ])('a file with %j: %s', (content, message) => {
    const file = config(content);
    const said = complaint('--config', file);
    expect(said).toContain(message);
    expect(said.includes(file) || message === 'reflection').toBe(true);
  });
});

describe('progress', () => {
  const at = (step: number): JobProgress => ({ phase: 'learning', step, steps: 400, loss: 0.125, samplesPerSecond: 41.23, secondsLeft: 65 });
  const written = (options: { isTTY?: boolean }, json: boolean, steps: number[]): string => {
    let text = '';
    const stream = { write: (part: string) => (text += part) !== '', columns: 60, ...options } as unknown as ConstructorParameters<typeof DistillDisplay>[0];
    const display = new DistillDisplay(stream, json);
    for (const step of steps) display.show(at(step));
    display.end();
    return text;
  };

  it('is a bar that fits a terminal', () => {
    expect(distillLine(at(200), 120)).toBe('learning ████████████░░░░░░░░░░░░ 200/400  loss 0.12500  41.2/s  65.0 s left');
    expect(distillLine({ ...at(200), phase: 'evaluating' }, 120)).toBe('evaluating ████████████░░░░░░░░░░░░ 200/400  41.2/s  65.0 s left');
    expect(distillLine(at(200), 40)).toHaveLength(39);
    expect(written({ isTTY: true }, false, [1])).toMatch(/^\r.*learning.*\r\u001b\[2K$/su);
  });

  it('begins with what it will cost, beside what there is', () => {
    const estimate = {
      seconds: 620, evaluationSeconds: 80, secondsPerPoint: 0.01, secondsPerStep: 1, secondsPerSample: 2, measuredSteps: 4, memoryBytes: 1.26e9, freeMemoryBytes: 12e9,
      diskBytes: 0.4e9, freeDiskBytes: 70e9, refusal: null,
    };
    expect(estimateLine(estimate)).toBe('about 10 min, 80 s of it for the evaluation; 1.3 GB of memory (12.0 GB are free), 0.40 GB on disk (70.0 GB are free)');
    expect(estimateLine({ ...estimate, seconds: 8.2 * 3600, evaluationSeconds: 0 })).toMatch(/^about 8\.2 h; /);
  });

  it('is JSON lines for a program, and a line now and then in a file', () => {
    const steps = Array.from({ length: 40 }, (_, i) => i + 1);
    expect(written({ isTTY: true }, true, [1, 2]).trim().split('\n').map((line) => JobProgress.parse(JSON.parse(line)).step)).toEqual([1, 2]);
    expect(written({}, false, steps).trim().split('\n')).toHaveLength(3);
  });
});

it('says what it will cost, stops on Ctrl+C, goes on, and ends with one document and an evaluated model in the list', async () => {
  const settings = {
    name: 'tiny', steps: 60, batch: 2, points: 20, threads: 1, scheduleSteps: 3, validateEvery: 30, sampleEvery: 60, gentle: false, samples: [{ prompt: 'a red boat', guidance: 3 }],
    evaluate: { count: 2, guidance: [3] },
  };
  const file = config(settings);
  const places = ['--json', '--models', models, '--library', join(folder, 'library')];
  const command = ['distill', '--config', file, '--samples', join(folder, 'samples'), ...places];
  const first = start(...command);
  await first.said('stderr', '"phase":"learning"');
  first.child.kill('SIGINT');
  const stopped = await first.ended;
  expect(stopped.code).toBe(1);
  expect(JSON.parse(stopped.stdout)).toMatchObject({ error: { code: 'cancelled', hint: expect.stringContaining('same command') } });
  expect(JobEstimate.parse((JSON.parse(stopped.stderr.split('\n')[0]!) as { estimate: unknown }).estimate)).toMatchObject({ refusal: null, measuredSteps: 4 });

  const other = await studio('distill', '--config', file, '--steps', '90', ...places);
  expect(other.code).toBe(1);
  expect(JSON.parse(other.stdout)).toMatchObject({ error: { code: 'invalid-input', message: expect.stringContaining('steps was 60, now 90'), hint: expect.stringContaining('--restart') } });

  const second = await studio(...command);
  expect(second).toMatchObject({ code: 0 });
  const lines = second.stderr.trim().split('\n').map((line) => JSON.parse(line) as { phase?: string; validation?: unknown; estimate?: unknown });
  expect(lines[0]).toHaveProperty('estimate');
  expect(lines.filter(({ validation }) => validation !== undefined).at(-1)).toEqual({ validation: { step: 60, loss: expect.any(Number) } });
  const progress = lines.filter(({ phase }) => phase !== undefined).map((line) => JobProgress.parse(line));
  expect(progress.every(({ phase }) => phase !== 'teaching')).toBe(true);
  expect(progress.findLast(({ phase }) => phase === 'learning')).toMatchObject({ step: 60, steps: 60 });
  expect(progress.at(-1)).toMatchObject({ phase: 'evaluating', step: 6, steps: 6 });
  const result = JSON.parse(second.stdout) as { folder: string; evaluation: { evaluation: string } };
  expect(result).toMatchObject({
    model: 'tiny', folder: join(folder, 'library', 'models', 'tiny'), teacher: 'storybook', kind: 'teefusion', strategy: 'euler', points_from: 'noised', steps: 60, samples: 120,
    loss: expect.any(Number), seconds: expect.any(Number), fusion_scale: expect.any(Number), data_hash: 'storybook', warnings: [],
    evaluation: { prompts: 'held-out', count: 2, steps: 3, rows: [{ guidance: 3, nfeRatio: 2, student: { asked: 2 }, teacher: { asked: 2 } }] },
  });
  expect(readdirSync(result.folder).sort()).toEqual(['README.md', 'distillation.json', 'model_index.json', 'training.json', 'transformer']);
  expect(readdirSync(join(folder, 'samples')).sort()).toEqual(['60-0.png', 'teacher-0.png']);

  const listed = JSON.parse((await studio('models', ...places)).stdout) as { id: string; kind: string }[];
  expect(listed).toContainEqual(expect.objectContaining({ id: 'tiny', kind: 'student', problem: null }));
  const again = await studio(...command);
  expect(again.code).toBe(1);
  expect(JSON.parse(again.stdout)).toMatchObject({ error: { code: 'invalid-input', message: 'There is a model "tiny" already.' } });
  expect((JSON.parse((await studio('jobs', ...places)).stdout) as { jobs: object[] }).jobs).toMatchObject([{ name: 'tiny', state: 'done', evaluation: { id: result.evaluation.evaluation } }]);
});

it('learns from a list of prompts, without a picture', async () => {
  const prompts = config('a red boat on the sea\na blue star\n');
  const { code, stdout } = await studio('distill', '--name', 'prompted', '--kind', 'distillcfg', '--prompts', prompts, '--points-from', 'trajectories', '--schedule-steps', '3', '--points', '6',
    '--steps', '1', '--batch', '2', '--threads', '1', '--sample-every', '0', '--validate-every', '0', '--hurry', '--json', '--models', models, '--library', join(folder, 'library'));
  expect(code).toBe(0);
  const result = JSON.parse(stdout) as { folder: string };
  expect(result).toMatchObject({ kind: 'distillcfg', fusion_scale: null, points_from: 'trajectories', points: 6 });
  const made = JSON.parse(readFileSync(join(result.folder, 'distillation.json'), 'utf8')) as object;
  expect(made).toMatchObject({ points: 'trajectories', distilled_steps: null, training: { prompts: 2, trajectory_steps: 3, own_scale_share: 0.5, optimizer: 'adamw' } });
});
