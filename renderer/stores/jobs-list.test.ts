import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JobConfig, JobState, type JobEstimate, type JobProgress, type JobRecord } from '../../main/contract/jobs.ts';
import {
  advance, groupsOf, isActive, listed, mayCancel, mayPause, mayResume, neighbour, placeBefore, put, rateOf, remove, secondsLeft, shareDone,
} from './jobs-list.ts';

function record(id: string, more: Partial<JobRecord> = {}): JobRecord {
  return {
    id, name: `student-${id}`, config: JobConfig.parse({ steps: 100, batch: 4, points: 200 }), state: 'done', createdAt: `2026-01-0${id}T00:00:00.000Z`, startedAt: null,
    endedAt: null, position: null, progress: null, checkpointStep: 0, seconds: 0, memoryBytes: null, estimate: null, reason: null, warnings: [], teacherHash: null,
    dataHash: null, threads: null, device: null, model: null, evaluation: null, ...more,
  };
}

const progress = (phase: JobProgress['phase'], step: number, steps: number, samplesPerSecond = 8) => ({ phase, step, steps, loss: null, samplesPerSecond, secondsLeft: 12 });
const metrics = { step: [], loss: [], gradientNorm: [], learningRate: [], ms: [], validation: { step: [], loss: [] } };
/** 40 s of teaching, 50 s of learning, 10 s of samples. */
const estimate: JobEstimate = {
  seconds: 100, evaluationSeconds: 0, secondsPerPoint: 0.2, secondsPerStep: 0.5, secondsPerSample: 1, measuredSteps: 4, memoryBytes: 1, diskBytes: 1, freeMemoryBytes: 2, freeDiskBytes: 2, refusal: null,
};

const queue = listed([
  record('1'), record('2', { state: 'queued', position: 1 }), record('3', { state: 'running' }), record('4', { state: 'queued', position: 0 }), record('5', { state: 'interrupted' }),
]);

describe('the list of jobs', () => {
  it('shows what runs, then the queue in its order, then the others, newest first', () => {
    expect(queue.map(({ id }) => id)).toEqual(['3', '4', '2', '5', '1']);
    expect(put(queue, record('3', { state: 'done' })).map(({ id }) => id)).toEqual(['4', '2', '5', '3', '1']);
    expect(remove(queue, '4').map(({ id }) => id)).toEqual(['3', '2', '5', '1']);
  });

  it('has one order, whatever came first', () => {
    fc.assert(fc.property(fc.shuffledSubarray([...queue], { minLength: 5 }), (records) => {
      expect(records.reduce(put, [] as readonly JobRecord[])).toEqual(queue);
    }));
  });

  it('falls into what works, what waits and what has ended, in its own order', () => {
    expect(groupsOf(queue).flatMap(({ records }) => records)).toEqual(queue);
    for (const { group, records } of groupsOf(queue)) for (const { state } of records) expect(group).toBe(state === 'queued' ? 'waiting' : isActive(state) ? 'working' : 'ended');
    expect(groupsOf(listed([record('1')])).map(({ group }) => group)).toEqual(['ended']);
  });

  it('takes in how far one is, and no memory of one that has stopped', () => {
    const news = { progress: progress('learning', 3, 100), seconds: 5, memoryBytes: 7, checkpointStep: 2, metrics };
    expect(advance(queue, { job: '3', ...news })[0]).toMatchObject({ checkpointStep: 2, memoryBytes: 7, seconds: 5, progress: { step: 3 } });
    expect(advance(queue, { job: '5', ...news })[3]).toMatchObject({ checkpointStep: 2, memoryBytes: null });
    expect(advance(queue, { job: '9', ...news })).toEqual(queue);
  });

  it('is walked along, and not beyond its ends', () => {
    expect(neighbour(queue, null, 1)?.id).toBe('3');
    expect(neighbour(queue, '3', 1)?.id).toBe('4');
    expect(neighbour(queue, '3', -1)).toBeNull();
    expect(neighbour(queue, '1', 1)).toBeNull();
  });
});

describe('the queue', () => {
  it('names the job before which another goes', () => {
    expect(placeBefore(queue, '2', -1)).toBe('4');
    expect(placeBefore(queue, '4', 1)).toBeNull();
    const three = put(queue, record('6', { state: 'queued', position: 2 }));
    expect(placeBefore(three, '4', 1)).toBe('6');
  });

  it('moves nothing beyond its ends, nor what does not wait', () => {
    for (const [id, by] of [['4', -1], ['2', 1], ['3', 1], ['1', -1]] as const) expect(placeBefore(queue, id, by)).toBeUndefined();
  });
});

it('every job that is not done can be paused or resumed, never both', () => {
  for (const state of JobState.options) {
    expect(mayPause({ state }), state).toBe(isActive(state));
    expect(mayPause({ state }) !== mayResume({ state }), state).toBe(state !== 'done');
    expect(mayCancel({ state }), state).toBe(!['done', 'cancelled', 'failed'].includes(state));
  }
});

describe('how far a job is', () => {
  it('weighs teaching by what it was measured to take', () => {
    expect(shareDone(record('1', { state: 'running', estimate, progress: progress('teaching', 100, 200) }))).toBeCloseTo(0.2);
    expect(shareDone(record('1', { state: 'running', estimate, progress: progress('learning', 50, 100) }))).toBeCloseTo(0.7);
    expect(shareDone(record('1'))).toBe(1);
    expect(shareDone(record('1', { state: 'queued' }))).toBe(0);
  });

  const evaluated = { config: JobConfig.parse({ steps: 100, batch: 4, points: 200, evaluate: {} }), estimate: { ...estimate, seconds: 200, evaluationSeconds: 100 } };

  it('has the evaluation as its last part', () => {
    expect(shareDone(record('1', { ...evaluated, state: 'running', progress: progress('teaching', 200, 200) }))).toBeCloseTo(0.2);
    expect(shareDone(record('1', { ...evaluated, state: 'running', progress: progress('learning', 100, 100) }))).toBeCloseTo(0.5);
    expect(shareDone(record('1', { ...evaluated, state: 'running', progress: progress('evaluating', 3, 6) }))).toBeCloseTo(0.75);
    expect(secondsLeft(record('1', { ...evaluated, state: 'running', progress: progress('teaching', 100, 200) }))).toBeCloseTo(172);
    expect(secondsLeft(record('1', { ...evaluated, state: 'running', progress: progress('learning', 50, 100) }))).toBeCloseTo(112);
    expect(secondsLeft(record('1', { ...evaluated, state: 'running', progress: progress('evaluating', 3, 6) }))).toBe(12);
    expect(secondsLeft(record('1', { ...evaluated, estimate: null, state: 'running', progress: progress('learning', 50, 100) }))).toBeNull();
  });

  it('tells the time left for all of it, where that is known', () => {
    expect(secondsLeft(record('1', { state: 'running', estimate, progress: progress('teaching', 100, 200) }))).toBeCloseTo(72);
    expect(secondsLeft(record('1', { state: 'running', progress: progress('teaching', 100, 200) }))).toBeNull();
    expect(secondsLeft(record('1', { state: 'running', progress: progress('learning', 50, 100) }))).toBe(12);
    expect(secondsLeft(record('1', { state: 'queued', estimate }))).toBe(100);
  });

  it('counts steps while it learns and points while the teacher answers', () => {
    expect(rateOf(record('1', { progress: progress('learning', 50, 100) }))).toBe(2);
    expect(rateOf(record('1', { progress: progress('teaching', 50, 100) }))).toBe(8);
    expect(rateOf(record('1'))).toBeNull();
  });
});
