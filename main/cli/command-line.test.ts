// The command line as a user meets it: real processes, a real library, two of them at once.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Doctor } from '../contract/schemas.ts';

const program = join(import.meta.dirname, 'studio.mjs');
const folder = mkdtempSync(join(tmpdir(), 'teefusion-cli-'));
const running = new Set<ChildProcess>();
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

function start(...args: string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => {
    running.delete(child);
    resolve({ code, stdout, stderr });
  }));
  return { child, ended };
}

const studio = (...args: string[]): Promise<Ended> => start(...args).ended;

/** A served studio, once it has said where it is. */
async function served(library: string): Promise<{ child: ChildProcess; ended: Promise<Ended>; url: string; token: string; port: number }> {
  const { child, ended } = start('serve', '--json', '--library', library);
  const text = await new Promise<string>((resolve, reject) => {
    let seen = '';
    child.stdout!.on('data', (data: Buffer) => {
      seen += data.toString();
      if (seen.trimEnd().endsWith('}')) resolve(seen);
    });
    child.on('close', () => reject(new Error('serve ended at once')));
  });
  return { child, ended, ...(JSON.parse(text) as { url: string; token: string; port: number }) };
}

describe('usage', () => {
  it('without a command shows the commands and fails with 2; with --help it succeeds', async () => {
    expect(await studio()).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('compare') });
    expect(await studio('--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('compare') });
    expect(await studio('compare', '-h')).toMatchObject({ code: 0, stdout: expect.stringContaining('--guidance') });
  });

  it('errors exit with 2, in words on stderr', async () => {
    const ended = await studio('compare', 'x', '--guidence', '3');
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain('did you mean --guidance?');
    expect((await studio('comprae')).stderr).toContain('did you mean compare?');
  });

  it('errors are one JSON document on stdout under --json', async () => {
    const ended = await studio('compare', 'x', '--steps', '0', '--json');
    expect(ended.code).toBe(2);
    expect(JSON.parse(ended.stdout)).toEqual({ error: { code: 'invalid-input', message: '--steps must be at least 1' } });
  });
});

describe('one library, two processes', () => {
  it('serves, is attached to, stays readable, is killed, and is opened again', async () => {
    const library = join(folder, 'shared');
    const owner = await served(library);
    expect(owner.url).toBe(`http://127.0.0.1:${owner.port}/?token=${owner.token}`);
    if (process.platform !== 'win32') expect(statSync(join(library, 'owner.json')).mode & 0o077).toBe(0);
    expect(JSON.parse(readFileSync(join(library, 'owner.json'), 'utf8'))).toMatchObject({ pid: owner.child.pid, token: owner.token });

    // Attached: the answer comes from the owner.
    const attached = await studio('doctor', '--json', '--library', library);
    expect(attached).toMatchObject({ code: 0 });
    expect(Doctor.parse(JSON.parse(attached.stdout)).paths['library']).toBe(library);

    // Read-only commands do not need the owner.
    expect(JSON.parse((await studio('history', '--json', '--library', library)).stdout)).toEqual({ runs: [], total: 0 });
    expect((await studio('models', '--json', '--library', library)).code).toBe(0);

    // A second window host says who has it.
    const second = await studio('serve', '--json', '--library', library);
    expect(second.code).toBe(1);
    expect(JSON.parse(second.stdout)).toMatchObject({ error: { code: 'library-locked' } });

    owner.child.kill('SIGKILL');
    await owner.ended;
    const again = await studio('doctor', '--json', '--library', library);
    expect(again).toMatchObject({ code: 0 });
  });

  it('an unknown model and an unknown image are failures, not usage errors', async () => {
    const library = join(folder, 'empty');
    for (const args of [['generate', 'x', '--model', 'no-such-model'], ['replay', 'no-such-image']]) {
      const ended = await studio(...args, '--json', '--library', library);
      expect(ended.code).toBe(1);
      expect(JSON.parse(ended.stdout)).toMatchObject({ error: { code: 'not-found' } });
    }
  });

  it.skipIf(process.platform === 'win32')('serve stops in order on a polite signal and gives the library up', async () => {
    const library = join(folder, 'stopped');
    const owner = await served(library);
    owner.child.kill('SIGTERM');
    expect((await owner.ended).code).toBe(0);
    expect(() => statSync(join(library, 'owner.json'))).toThrow();
  });
});
