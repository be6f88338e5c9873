// The command line as a user meets it: real processes, a real library, two of them at once.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { Doctor } from '../contract/schemas.ts';
import { runCommandLine } from './command-line.ts';
import { killAll, served, studio } from './testing/run-program.ts';

// Every command is a process of its own: slow where the machine is busy with something else.
vi.setConfig({ testTimeout: 240_000 });

const folder = mkdtempSync(join(tmpdir(), 'teefusion-cli-'));
afterEach(killAll);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A command in this process, for what ends before any library is opened. */
async function here(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof written) =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        written[name] += chunk.toString();
        done();
      },
    });
  const code = await runCommandLine(args, { stdout: stream('stdout'), stderr: stream('stderr') });
  return { code, ...written };
}

describe('usage', () => {
  it('without a command shows the commands and fails with 2; with --help it succeeds', async () => {
    expect(await here()).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('compare') });
    expect(await here('--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('compare') });
    expect(await here('compare', '-h')).toMatchObject({ code: 0, stdout: expect.stringContaining('--guidance') });
  });

  it('errors exit with 2, in words on stderr', async () => {
    const ended = await here('compare', 'x', '--guidence', '3');
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain('did you mean --guidance?');
    expect((await here('comprae')).stderr).toContain('did you mean compare?');
    expect((await here('generate', 'x')).stderr).toContain('--model is missing');
    expect((await here('serve', '--port', '65536')).stderr).toContain('--port must be at most 65535');
  });

  it('errors are one JSON document on stdout under --json', async () => {
    // As a user meets it: through the entry, with the process's own exit code.
    const ended = await studio('compare', 'x', '--steps', '0', '--json');
    expect(ended.code).toBe(2);
    expect(JSON.parse(ended.stdout)).toEqual({ error: { code: 'invalid-input', message: '--steps must be at least 1' } });
  });
});

describe('one library, two processes', () => {
  it('serves, is attached to, stays readable, is killed, and is opened again', async () => {
    const library = join(folder, 'shared');
    const owner = await served('--library', library);
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
    const owner = await served('--library', library);
    owner.child.kill('SIGTERM');
    expect((await owner.ended).code).toBe(0);
    expect(() => statSync(join(library, 'owner.json'))).toThrow();
  });
});
