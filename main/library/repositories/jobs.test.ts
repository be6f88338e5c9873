import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { JobConfig, type JobRecord } from '../../contract/jobs.ts';
import { openDatabase } from '../migrations/migrate.ts';
import { codeOf, temporaryDir } from '../test-support.ts';
import { JobRepository } from './jobs.ts';

function opened(log: (line: string) => void = () => expect.fail('logged')) {
  const database = openDatabase(join(temporaryDir(), 'library.sqlite'));
  onTestFinished(() => database.close());
  return { database, jobs: new JobRepository(database, log) };
}

const job = (id: string, changes: Partial<JobRecord> = {}): Omit<JobRecord, 'position'> => ({
  id, name: id, config: JobConfig.parse({ name: id }), state: 'queued', createdAt: '2026-01-01T00:00:00.000Z', startedAt: null, endedAt: null, progress: null,
  checkpointStep: 0, seconds: 0, memoryBytes: null, estimate: null, reason: null, warnings: [], teacherHash: null, dataHash: null, threads: null, device: null, model: null, evaluation: null, ...changes,
});

describe('stored jobs', () => {
  it('come back as they were, with their places in the queue', () => {
    const { jobs } = opened();
    expect(jobs.insert(job('a'))).toEqual({ ...job('a'), position: 0 });
    expect(jobs.insert(job('b', { state: 'paused' })).position).toBeNull();
    expect(jobs.insert(job('c')).position).toBe(1);
    expect(jobs.list().map(({ id, position }) => [id, position])).toEqual([['c', 1], ['b', null], ['a', 0]]);
    expect(jobs.update('c', { state: 'running', seconds: 2 })).toEqual({ ...job('c', { state: 'running', seconds: 2 }), position: null });
    expect(jobs.get('a').position).toBe(0);
  });

  it('stand in the order they are put in; one that joins comes last', () => {
    const { jobs } = opened();
    for (const id of ['a', 'b', 'c']) jobs.insert(job(id));
    jobs.setOrder(['c', 'a', 'b', 'nobody']);
    jobs.insert(job('d'));
    expect(['a', 'b', 'c', 'd'].map((id) => jobs.get(id).position)).toEqual([1, 2, 0, 3]);
    jobs.trash('c', null);
    expect(['a', 'b', 'd'].map((id) => jobs.get(id).position)).toEqual([0, 1, 2]);
  });

  it('go to the trash with their student, come back, and are purged for good', async () => {
    const { jobs } = opened();
    jobs.insert(job('a'));
    jobs.trash('a', 'student-folder');
    expect(await codeOf(() => jobs.get('a'))).toBe('not-found');
    expect(await codeOf(() => jobs.trash('a', null))).toBe('not-found');
    expect(jobs.list()).toEqual([]);
    expect(jobs.trashed('a').model).toBe('student-folder');
    expect(jobs.restore('a').id).toBe('a');
    expect(await codeOf(() => jobs.restore('a'))).toBe('not-found');
    jobs.purge('a');
    expect(jobs.get('a').id).toBe('a');
    jobs.trash('a', null);
    expect(jobs.trashedBefore(new Date(0))).toEqual([]);
    expect(jobs.trashedBefore(new Date(Date.now() + 1000))).toEqual([{ id: 'a', model: null }]);
    jobs.purge('a');
    expect(await codeOf(() => jobs.restore('a'))).toBe('not-found');
  });

  it('of another version are left out with a word, and hide no other', async () => {
    const lines: string[] = [];
    const { database, jobs } = opened((line) => lines.push(line));
    jobs.insert(job('a'));
    jobs.insert(job('b'));
    database.run(`UPDATE jobs SET record = json_set(record, '$.config.steps', 'many') WHERE id = 'a'`);
    expect(jobs.list().map(({ id }) => id)).toEqual(['b']);
    expect(lines).toEqual([expect.stringContaining('a')]);
    expect(await codeOf(() => jobs.get('a'))).toBe('corrupt-file');
  });
});
