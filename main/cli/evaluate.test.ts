// `studio evaluate`: what a person may write, and one whole evaluation as a user starts it, stopped and gone on with.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTinyCheckpoint, createTinyStudent } from '../../tests/fixtures/tiny.ts';
import { EvaluateRequest, EvaluationProgress, EvaluationReport } from '../contract/evaluation.ts';
import { commandHelp, optionsOf } from './command.ts';
import { evaluate, evaluateRequest } from './commands/evaluate.ts';
import { EvaluateDisplay, evaluateLine } from './evaluate-display.ts';
import { parseArguments, UsageError } from './options.ts';
import { killAll, start, studio } from './testing/run-program.ts';

vi.setConfig({ testTimeout: 480_000 });

const folder = mkdtempSync(join(tmpdir(), 'teefusion-evaluate-'));
const models = join(folder, 'models');
const library = join(folder, 'library');
beforeAll(async () => {
  await createTinyCheckpoint(models, 'tiny');
  await createTinyStudent(models, 'tiny-student', 'tiny');
});
afterEach(killAll);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function promptsFile(...lines: string[]): string {
  const file = join(folder, 'prompts.txt');
  writeFileSync(file, lines.join('\n'));
  return file;
}

describe('the request', () => {
  const from = (...args: string[]) => evaluateRequest(parseArguments(args, optionsOf(evaluate)));
  const complaint = (...args: string[]) => from(...args).then(() => expect.fail('it was accepted'), (error: Error) => (expect(error).toBeInstanceOf(UsageError), error.message));

  it('has defaults for everything', async () => {
    expect(await from()).toEqual(EvaluateRequest.parse({ models: ['storybook', 'storybook-teefusion'] }));
  });

  it('is what was typed', async () => {
    expect(await from(
      '--models', 'a, b', '--guidance', '0,1.5,9', '--sampler', 'euler,w2sd', '--steps', '7', '--prompts', 'known', '--count', '3', '--no-controls', '--no-copies', '--resamples', '100',
      '--reflection-steps', '4', '--weak-guidance', '0', '--inversion-guidance', '0.25', '--no-guard',
    )).toEqual({
      models: ['a', 'b'], guidance: [0, 1.5, 9], samplers: ['euler', 'w2sd'], steps: 7, prompts: 'known', count: 3, controls: false, copies: false, resamples: 100,
      reflection: { steps: 4, weakGuidance: 0, inversionGuidance: 0.25, guard: false },
    });
  });

  it('takes all prompts of a file, or the first so many', async () => {
    const file = promptsFile('a red ball', '', '  two blue boats ');
    const prompts = [{ prompt: 'a red ball', seed: 1000 }, { prompt: 'two blue boats', seed: 1002 }];
    expect(await from('--prompts', file)).toMatchObject({ prompts, count: 2 });
    expect(await from('--prompts', file, '--count', '1')).toMatchObject({ prompts, count: 1 });
    await expect(from('--prompts', join(folder, 'nothing.txt'))).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('nothing.txt') });
    await expect(from('--prompts', promptsFile('{"prompt":"a red ball"}', '{"promt":"x"}'))).rejects.toMatchObject({
      code: 'invalid-input', message: expect.stringMatching(/prompts\.txt: Line 2/),
    });
  });

  it.each([
    [['--steps', '0'], '--steps must be at least 1'],
    [['--count', '1.5'], '--count must be a whole number'],
    [['--guidance', '1,many'], '--guidance takes numbers such as 1,3,5, not "many"'],
    [['--guidance', '1,31'], '--guidance must be at most 30'],
    [['--sampler', 'euler,ddim'], '--sampler must be one of euler, z-sampling, w2sd'],
    [['--weak-guidance', '-1'], '--weak-guidance must be at least 0'],
    [['--models', 'a,../b'], '--models is not valid'],
  ])('%j: %s', async (args, message) => expect(await complaint(...args)).toContain(message));

  it('names models with --models and a folder of them with --models-dir', () => {
    const help = commandHelp(evaluate);
    expect(help).toMatch(/--models A,B/);
    expect(help).toMatch(/--models-dir DIR/);
    expect(() => parseArguments(['--model', 'x'], optionsOf(evaluate))).toThrow('did you mean --models?');
  });
});

describe('the display', () => {
  const progress: EvaluationProgress = { evaluation: 'e', done: 5, total: 20, cell: 'tiny-euler-g1-s2', secondsLeft: 90 };

  it('shows pictures, time left and what is drawn, in a line that fits', () => {
    expect(evaluateLine(progress, 120)).toBe(`${'█'.repeat(6)}${'░'.repeat(18)} 5/20 pictures  90.0 s left  tiny-euler-g1-s2`);
    expect(evaluateLine({ ...progress, cell: null, secondsLeft: null }, 120)).toContain('report');
    expect(evaluateLine(progress, 40)).toHaveLength(39);
  });

  it('writes a line now and then where nothing can be redrawn, JSON lines for programs', () => {
    const written: string[] = [];
    const stream = { write: (text: string) => written.push(text) > 0 } as unknown as NodeJS.WriteStream;
    const display = new EvaluateDisplay(stream, false);
    for (let done = 0; done <= 200; done++) display.show({ ...progress, done, total: 200 });
    display.show({ ...progress, done: 200, total: 200, cell: null });
    display.end();
    expect(written).toHaveLength(22);
    written.length = 0;
    new EvaluateDisplay(stream, true).show(progress);
    expect(EvaluationProgress.parse(JSON.parse(written[0]!))).toEqual(progress);
  });
});

it('evaluates; stopped by Ctrl+C it says how to go on, and goes on', async () => {
  const places = ['--models-dir', models, '--library', library, '--json'];
  const file = promptsFile('a red boat on the sea', 'a blue ball');
  const started = start('evaluate', '--models', 'tiny,tiny-student', '--guidance', '1,3', '--steps', '4', '--prompts', file, '--no-controls', '--resamples', '100', ...places);
  await started.said('stderr', '"done":2');
  started.child.kill('SIGINT');
  const stopped = await started.ended;
  expect(stopped.code).toBe(1);
  const { error } = JSON.parse(stopped.stdout) as { error: { code: string; message: string; hint: string } };
  expect(error).toMatchObject({ code: 'cancelled', message: expect.stringMatching(/^Cancelled\. \d of 8 pictures are drawn and kept\.$/) });
  const id = /^To go on: studio evaluate --resume (\S+)$/.exec(error.hint)![1]!;

  const out = join(folder, 'out');
  const whole = await studio('evaluate', '--resume', id, '--out', out, ...places);
  expect(whole.stderr).toContain(`evaluation ${id}: 8 pictures`);
  expect(whole.code).toBe(0);
  const report = EvaluationReport.parse(JSON.parse(whole.stdout));
  expect(report.id).toBe(id);
  expect(report.cells.map(({ key, count }) => [key, count])).toEqual(
    ['tiny-euler-g1-s4', 'tiny-euler-g3-s4', 'tiny-student-euler-g1-s4', 'tiny-student-euler-g3-s4'].map((key) => [key, 2]),
  );
  expect(JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'))).toEqual(report);

  // One that is done is shown at once; its facts are compared with published ones.
  const published = join(out, 'records.jsonl');
  const same = await studio('evaluate', '--resume', id, '--check', published, ...places);
  expect(JSON.parse(same.stdout)).toMatchObject({ id, check: { compared: 8, unpublished: 0, facts: 28, reproduced: 28, differences: [] } });
  expect(same.code).toBe(0);
  writeFileSync(published, readFileSync(published, 'utf8').replace('"count":false', '"count":true'));
  const other = await studio('evaluate', '--resume', id, '--check', published, '--models-dir', models, '--library', library);
  expect(other.code).toBe(1);
  expect(other.stdout).toContain('1 of 8 pictures differ from the published facts:\n  tiny-euler-g1-s4 #0: count is wrong, published as right');

  const refused = await studio('evaluate', '--resume', id, '--guidance', '3', ...places);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('leave --guidance out');
  expect(JSON.parse((await studio('evaluate', '--resume', 'nothing', ...places)).stdout)).toMatchObject({ error: { code: 'not-found' } });
});
