import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { EngineStatus } from '../contract/schemas.ts';
import { findNode } from './node-binary.ts';
import type { PictureJob } from './messages.ts';
import type { EngineLimits } from './policy.ts';
import { probeProviders } from './probe-host.ts';
import { EngineSupervisor } from './supervisor.ts';

const command = { node: findNode(), entry: join(import.meta.dirname, 'testing', 'scripted-engine.ts') };
const open: EngineSupervisor[] = [];

function engine(limits: Partial<EngineLimits> = {}, device: 'cpu' | 'auto' = 'cpu', env: Record<string, string> = {}): EngineSupervisor {
  const supervisor = new EngineSupervisor({ command: { ...command, env }, modelDirs: [], settings: { device, threads: 2 }, limits });
  open.push(supervisor);
  return supervisor;
}

function job(prompt: string): PictureJob {
  return { model: { id: 'm', hash: '' }, prompt, negativePrompt: '', guidance: 5, steps: 4, seed: 7, sampler: 'euler', reflection: {} };
}

/** Resolves with the pid once a `slow` job has reported its first step. */
async function slow(supervisor: EngineSupervisor, signal?: AbortSignal) {
  let report!: () => void;
  const running = new Promise<void>((resolve) => (report = resolve));
  const done = supervisor.sample(job('slow'), { ...(signal && { signal }), onStep: () => report() });
  done.catch(() => {});
  await running;
  return { done, pid: supervisor.pid! };
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

afterEach(async () => {
  for (const supervisor of open.splice(0)) await supervisor.close();
});

describe('an engine that works', () => {
  it('starts with the first job and says what it runs on', async () => {
    const supervisor = engine();
    expect(supervisor.status()).toEqual({ state: 'stopped', device: null, threads: null, memoryBytes: null, queued: 0 });
    const { picture, provider, threads } = await supervisor.sample(job('a boat'));
    expect([...picture.rgb]).toEqual([1, 2, 3]);
    expect({ provider, threads }).toEqual({ provider: 'cpu', threads: 2 });
    expect(supervisor.status()).toMatchObject({ state: 'idle', device: 'cpu', threads: 2, queued: 0 });
    expect(supervisor.status().memoryBytes).toBeGreaterThan(1e6);
    expect(supervisor.runtime).toBe('0');
  });

  it('works its jobs off in order, previews last, of these only the newest', async () => {
    const supervisor = engine();
    const order: string[] = [];
    const note = (name: string) => () => order.push(name);
    const first = supervisor.live(job('live 1'));
    const all = [
      first.catch(note('live 1 dropped')),
      supervisor.live(job('live 2')).then(note('live 2')),
      supervisor.sample(job('a')).then(note('a')),
      supervisor.sample(job('b')).then(note('b')),
    ];
    await Promise.all(all);
    expect(order).toEqual(['live 1 dropped', 'a', 'b', 'live 2']);
    await expect(first).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('takes new settings with the next job', async () => {
    const supervisor = engine();
    await supervisor.sample(job('a'));
    supervisor.configure({ device: 'cpu', threads: 1 });
    expect((await supervisor.sample(job('b'))).threads).toBe(1);
  });

  it('hands on the errors of the engine', async () => {
    const supervisor = engine();
    await expect(supervisor.sample(job('fail'))).rejects.toMatchObject({ code: 'out-of-memory', message: 'too big' });
    await supervisor.sample(job('a'));
  });

  it('refuses a job that the engine could not read', async () => {
    await expect(engine().sample({ ...job('a'), guidance: Number.NaN })).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it('refuses what does not fit into the queue', async () => {
    const supervisor = engine({ maxQueued: 1 });
    const { done } = await slow(supervisor);
    const waiting = supervisor.sample(job('a'));
    waiting.catch(() => {});
    await expect(supervisor.sample(job('b'))).rejects.toMatchObject({ code: 'busy' });
    await supervisor.close();
    await expect(done).rejects.toMatchObject({ code: 'cancelled' });
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('an engine that dies', () => {
  it('costs the running job only', async () => {
    const supervisor = engine();
    const { done, pid } = await slow(supervisor);
    const next = supervisor.sample(job('a'));
    process.kill(pid, 'SIGKILL');
    await expect(done).rejects.toMatchObject({ code: 'engine-crashed', message: expect.stringContaining('SIGKILL') });
    expect((await next).nfe).toBe(4);
    expect(supervisor.pid).not.toBe(pid);
  });

  it('is replaced at once also when it was idle', async () => {
    const supervisor = engine();
    await supervisor.sample(job('a'));
    const pid = supervisor.pid!;
    const states: EngineStatus['state'][] = [];
    const idleAgain = new Promise<void>((resolve) => supervisor.onStatus(({ state }) => {
      states.push(state);
      if (state === 'idle') resolve();
    }));
    process.kill(pid, 'SIGKILL');
    await idleAgain;
    expect(states[0]).toBe('restarting');
    expect(supervisor.pid).not.toBe(pid);
  });

  it('is given up, with a clear error, when it keeps crashing', async () => {
    const supervisor = engine();
    for (let crash = 1; crash <= 4; crash++) await expect(supervisor.sample(job('crash'))).rejects.toMatchObject({ code: 'engine-crashed' });
    await expect(supervisor.sample(job('a'))).rejects.toMatchObject({ code: 'engine-crashed', message: expect.stringContaining('4 times') });
    expect(supervisor.status().state).toBe('stopped');
  });

  it('while it starts is tried again, and shows its last words when that does not help', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'engine-'));
    const faults = join(dir, 'faults');
    await writeFile(faults, '1');
    await engine({}, 'cpu', { TEST_ENGINE_FAULTS: faults }).sample(job('a'));
    await writeFile(faults, '99');
    await expect(engine({}, 'cpu', { TEST_ENGINE_FAULTS: faults }).sample(job('a'))).rejects.toMatchObject({
      code: 'engine-crashed', details: expect.stringContaining('no such driver'),
    });
    await rm(dir, { recursive: true });
  });

  it('on a graphics card is replaced by one on the CPU', async () => {
    const supervisor = engine({}, 'auto');
    expect((await supervisor.sample(job('a'))).provider).toBe(process.platform === 'darwin' ? 'coreml' : process.platform === 'win32' ? 'dml' : 'webgpu');
    for (let crash = 1; crash <= 4; crash++) await expect(supervisor.sample(job('crash'))).rejects.toMatchObject({ code: 'engine-crashed' });
    expect((await supervisor.sample(job('a'))).provider).toBe('cpu');
  });
});

describe('stopping', () => {
  it('is cooperative where the engine listens: the process lives on', async () => {
    const supervisor = engine();
    const abort = new AbortController();
    const { done, pid } = await slow(supervisor, abort.signal);
    abort.abort();
    await expect(done).rejects.toMatchObject({ code: 'cancelled' });
    await supervisor.sample(job('a'));
    expect(supervisor.pid).toBe(pid);
  });

  it('kills an engine that does not listen, and goes on with a new one', async () => {
    const supervisor = engine({ cancelGraceMs: 50 });
    await supervisor.sample(job('a'));
    const pid = supervisor.pid!;
    const abort = new AbortController();
    const done = supervisor.sample(job('deaf'), { signal: abort.signal });
    const next = supervisor.sample(job('a'));
    abort.abort();
    await expect(done).rejects.toMatchObject({ code: 'cancelled' });
    await next;
    expect(alive(pid)).toBe(false);
  });

  it('takes a waiting job out at once', async () => {
    const supervisor = engine();
    const { done } = await slow(supervisor);
    const abort = new AbortController();
    const waiting = supervisor.sample(job('a'), { signal: abort.signal });
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    await expect(supervisor.sample(job('a'), { signal: abort.signal })).rejects.toMatchObject({ code: 'cancelled' });
    expect(await Promise.race([done.catch(() => 'ended'), sleep(20, 'running')])).toBe('running');
  });

  it('ends an engine that is silent for too long', async () => {
    const supervisor = engine({ silenceMs: 2_000 });
    await expect(supervisor.sample(job('deaf'))).rejects.toMatchObject({ code: 'timeout' });
    await supervisor.sample(job('a'));
  });

  it('leaves no process behind, not even a deaf one', async () => {
    const supervisor = engine({ cancelGraceMs: 50 });
    await supervisor.sample(job('a'));
    const pid = supervisor.pid!;
    const deaf = supervisor.sample(job('deaf'));
    deaf.catch(() => {});
    await supervisor.close();
    expect(alive(pid)).toBe(false);
    await expect(deaf).rejects.toMatchObject({ code: 'cancelled' });
    await expect(supervisor.sample(job('a'))).rejects.toMatchObject({ code: 'cancelled' });
    expect(supervisor.status().state).toBe('stopped');
  });
});

describe('trying devices', () => {
  it('survives a driver that crashes the process', async () => {
    const reports = await probeProviders(command, ['coreml', 'cuda', 'webgpu'], 1, 10_000, new AbortController().signal);
    expect(reports.map(({ provider, problem }) => [provider, problem])).toEqual([
      ['coreml', null],
      ['cuda', 'it crashed the process that tried it (SIGSEGV)'],
      ['webgpu', null],
    ]);
  });
});
