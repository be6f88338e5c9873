import { describe, expect, it } from 'vitest';
import { JobConfig, jobPresets, type JobConfigInput } from '../../main/contract/jobs.ts';
import type { ModelInfo } from '../../main/contract/schemas.ts';
import { composeJob, firstJob, firstTeacher, formOf, freeStudentName, presetOf, withInit, withKind, withLora, withPreset, withSource, withTeacher, type JobForm } from './jobs-form.ts';

const composed = (form: JobForm, taken: string[] = []) => {
  const answer = composeJob(form, taken);
  if (!answer.ok) expect.fail(JSON.stringify(answer.problems));
  return answer.config;
};
const problems = (form: JobForm, taken: string[] = []) => {
  const answer = composeJob(form, taken);
  return answer.ok ? {} : answer.problems;
};
const values = (changed: Partial<JobForm['values']>): JobForm => ({ ...firstJob, values: { ...firstJob.values, ...changed } });

describe('the first form', () => {
  it('is the quick preset and can be started as it stands', () => {
    expect(presetOf(firstJob)).toBe('quick');
    expect(composed(firstJob)).toEqual(JobConfig.parse(jobPresets[0].config));
  });

  it('takes a teacher that runs', () => {
    const model = (id: string, more: Partial<ModelInfo>) => ({ id, kind: 'teacher', problem: null, ...more }) as ModelInfo;
    expect(firstTeacher([model('a', { problem: 'damaged' }), model('b', { kind: 'student' }), model('c', {})])).toBe('c');
    expect(firstTeacher([model('c', {}), model('storybook', {})])).toBe('storybook');
    expect(firstTeacher([])).toBeNull();
  });
});

describe('presets', () => {
  it('set their values and leave the rest', () => {
    for (const { id, config } of jobPresets) {
      const form = withPreset(values({ seed: 9, learningRate: 0.01 }), id);
      expect(presetOf(form)).toBe(id);
      expect(form.values).toMatchObject({ seed: 9, ...config });
    }
  });

  it('are left when one of their values changes, the learning rate included', () => {
    expect(presetOf(values({ batch: 63 }))).toBeNull();
    expect(presetOf(values({ learningRate: 0.01 }))).toBeNull();
    expect(presetOf(values({ seed: 9 }))).toBe('quick');
  });
});

describe('what a form asks for', () => {
  it('is what an earlier configuration asked for', () => {
    const inputs: JobConfigInput[] = [
      {},
      { strategy: 'z-sampling', reflection: { inversionGuidance: 0 }, kind: 'linear', samples: [{ prompt: 'a red boat', seed: 0, guidance: 0 }] },
      { source: { kind: 'library', search: 'boat' }, pointsFrom: 'trajectories' },
      { source: { kind: 'folder', path: '/pictures' } },
      { source: { kind: 'file', path: '/prompts.txt' }, pointsFrom: 'trajectories', guidanceRange: [0, 0] },
      { source: { kind: 'list', prompts: ['one', 'two'] }, pointsFrom: 'trajectories', fusionScale: 0.25 },
    ];
    for (const input of inputs) {
      const config = JobConfig.parse(input);
      expect(composed(formOf(config))).toEqual(config);
    }
  });

  it('does not say what its kind or strategy has no use for', () => {
    expect(composed(values({ reflection: { weakGuidance: 0 } })).reflection).toEqual({});
    expect(composed(values({ kind: 'distillcfg', fusionScale: 0.25 })).fusionScale).toBeNull();
  });

  it('teaches prompts without pictures along trajectories', () => {
    const noised = values({ pointsFrom: 'noised' });
    expect(withSource(noised, 'library').values.pointsFrom).toBe('trajectories');
    expect(withSource(noised, 'folder').values.pointsFrom).toBe('noised');
  });
});

describe('what is wrong with a form', () => {
  it('is told by field, all of it', () => {
    const form: JobForm = { ...withSource(values({ name: 'no spaces', guidanceRange: [5, 2] }), 'list'), list: ' \n', samples: [{ prompt: ' ', seed: 7, guidance: 5 }] };
    expect(problems(form)).toEqual({ name: { kind: 'name' }, guidanceRange: { kind: 'range' }, list: { kind: 'list' }, samples: { kind: 'samplePrompt' } });
  });

  it('names a taken name, a missing path, a prompt that is too long', () => {
    expect(problems(firstJob, [firstJob.values.name])).toEqual({ name: { kind: 'nameTaken' } });
    expect(problems({ ...withSource(firstJob, 'file'), file: '  ' })).toEqual({ file: { kind: 'path' } });
    expect(problems({ ...withSource(firstJob, 'list'), list: 'x'.repeat(2001) }).list).toMatchObject({ kind: 'listLine' });
  });

  it('includes the rules of the host that no field knows', () => {
    expect(problems({ ...values({ pointsFrom: 'noised' }), source: 'list', list: 'a boat' })).toEqual({ pointsFrom: { kind: 'points' } });
    expect(problems(values({ steps: 0 }))).toMatchObject({ other: { kind: 'rule', part: expect.stringContaining('steps') } });
  });
});

it('a free name counts on from the first that is taken', () => {
  expect(freeStudentName('a', [])).toBe('a');
  expect(freeStudentName('a', ['a', 'a-2'])).toBe('a-3');
});

describe('what saves memory, and the evaluation', () => {
  it('takes only parts that the batch is a multiple of', () => {
    expect(problems(values({ batch: 64, accumulate: 3 }))).toEqual({ accumulate: { kind: 'parts' } });
    expect(composed(values({ batch: 64, accumulate: 4, recompute: true, device: 'auto' }))).toMatchObject({ accumulate: 4, recompute: true, device: 'auto' });
  });

  it('gives adapters the optimiser that they can learn with', () => {
    const form = withLora(values({ optimizer: 'muon' }), { rank: 8, alpha: null });
    expect(composed(form)).toMatchObject({ lora: { rank: 8, alpha: null }, optimizer: 'adamw' });
    expect(composed(withLora(form, null)).lora).toBeNull();
  });

  it('has adapters begin with the teacher, and an earlier student go on whole', () => {
    const form = values({ initFrom: 'my-student', fusionScale: 2, guidanceMultiplier: 33, guidanceEmbedding: 'w' });
    // It takes the scale as the student does.
    expect(composed(form)).toMatchObject({ initFrom: 'my-student', fusionScale: null, guidanceMultiplier: 110, guidanceEmbedding: null });
    expect(composed(withLora(form, { rank: 8, alpha: null })).initFrom).toBeNull();
    expect(problems(values({ initFrom: 'my-student', lora: { rank: 8, alpha: null } }))).toMatchObject({ other: { kind: 'rule' } });
  });

  it('goes on as the kind that the student is, and from the teacher once teacher or kind is another', () => {
    const student = { id: 'earlier', guidanceKind: 'distillcfg' } as const;
    const form = withInit(withLora(firstJob, { rank: 8, alpha: null }), student);
    expect(form.values).toMatchObject({ initFrom: 'earlier', kind: 'distillcfg', lora: null });
    expect(withKind(form, 'distillcfg').values.initFrom).toBe('earlier');
    expect(withKind(form, 'teefusion').values).toMatchObject({ kind: 'teefusion', initFrom: null });
    expect(withTeacher(form, 'other').values).toMatchObject({ teacher: 'other', initFrom: null });
    expect(withInit(form, null).values.initFrom).toBeNull();
    expect(withInit(form, { id: 'a-teacher', guidanceKind: null }).values.initFrom).toBeNull();
  });

  it('follows a student\'s way only as long as there is one to go on from', () => {
    const form = withInit(firstJob, { id: 'earlier', guidanceKind: 'teefusion' });
    const walked = { ...form, values: { ...form.values, pointsFrom: 'student' as const } };
    expect(composed(walked)).toMatchObject({ initFrom: 'earlier', pointsFrom: 'student' });
    expect(withSource(walked, 'library').values.pointsFrom).toBe('student');
    const others = [withInit(walked, null), withTeacher(walked, 'other'), withKind(walked, 'distillcfg'), withLora(walked, { rank: 8, alpha: null })];
    for (const other of others) expect(other.values).toMatchObject({ initFrom: null, pointsFrom: 'trajectories' });
    expect(withKind(walked, 'teefusion').values.pointsFrom).toBe('student');
    expect(problems(values({ pointsFrom: 'student' }))).toMatchObject({ other: { kind: 'rule' } });
  });

  it('asks for scales that the student learns, and for the usual ones where none is left', () => {
    const evaluate = { count: 32, guidance: [2, 5, 9], steps: 10 };
    expect(composed(values({ evaluate, guidanceRange: [1, 6] })).evaluate).toEqual({ count: 32, guidance: [2, 5], steps: 10 });
    expect(composed(values({ evaluate, guidanceRange: [3, 4] })).evaluate).toEqual({ count: 32, guidance: null, steps: 10 });
    expect(composed(values({ evaluate: null })).evaluate).toBeNull();
  });
});
