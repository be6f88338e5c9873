import { describe, expect, it } from 'vitest';
import { EvaluateRequest, type EvaluationRecord } from '../../main/contract/evaluation.ts';
import { advance, listed, mayResume, neighbour, noEvaluations, put, remove } from './evaluation-list.ts';

function record(id: string, more: Partial<EvaluationRecord> = {}): EvaluationRecord {
  return {
    id, state: 'running', createdAt: `2026-01-0${id}T00:00:00.000Z`, request: EvaluateRequest.parse({ models: ['storybook'] }),
    done: 0, total: 64, error: null, ...more,
  };
}

const told = (evaluation: string, done: number) => ({ evaluation, done, total: 64, cell: 'storybook-euler-g3-s20', secondsLeft: 12 });
const two = listed(noEvaluations, [record('1', { state: 'done' }), record('2')]);

describe('the list of evaluations', () => {
  it('shows the newest first, whatever came first', () => {
    expect(two.records.map(({ id }) => id)).toEqual(['2', '1']);
    expect(put(two, record('3')).records.map(({ id }) => id)).toEqual(['3', '2', '1']);
    expect(put(two, record('1', { state: 'cancelled' })).records).toMatchObject([{ id: '2' }, { id: '1', state: 'cancelled' }]);
  });

  it('follows one that runs, and one that the queue has just begun', () => {
    const waiting = put(two, record('3', { state: 'queued' }));
    const further = advance(waiting, told('3', 5));
    expect(further.records[0]).toMatchObject({ id: '3', state: 'running', done: 5, total: 64 });
    expect(further.progress.get('3')).toMatchObject({ secondsLeft: 12 });
  });

  it('takes in nothing about one that has ended or was deleted', () => {
    expect(advance(two, told('1', 5))).toBe(two);
    expect(advance(two, told('9', 5))).toBe(two);
  });

  it('forgets how far one was when it has ended', () => {
    const running = advance(two, told('2', 5));
    expect(put(running, record('2', { state: 'done' })).progress.size).toBe(0);
    expect(remove(running, '2')).toMatchObject({ records: [{ id: '1' }], progress: new Map() });
    expect(listed(running, [record('2')]).progress.size).toBe(1);
  });

  it('lets what stopped early go on, and nothing else', () => {
    const states = ['queued', 'running', 'done', 'cancelled', 'failed', 'interrupted'] as const;
    expect(states.filter((state) => mayResume({ state }))).toEqual(['cancelled', 'failed', 'interrupted']);
  });

  it('can be walked along', () => {
    expect(neighbour(two, '2', 1)?.id).toBe('1');
    expect(neighbour(two, '1', 1)).toBeNull();
    expect(neighbour(two, null, -1)?.id).toBe('2');
    expect(neighbour(noEvaluations, null, 1)).toBeNull();
  });
});
