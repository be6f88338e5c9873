// What the scripts conclude from the machine they run on: display, browser, Electron, age of the build.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { hasDisplay } from '../main/cli/display.ts';
import { findChromium } from './chromium.ts';
import { installedElectron, mayRunSandboxed } from './electron-binary.ts';
import { isStale } from './window-build.ts';

const folder = mkdtempSync(join(tmpdir(), 'teefusion-machine-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('a display is a matter of course on Windows and macOS, elsewhere the environment names it', () => {
  expect(hasDisplay('win32', {})).toBe(true);
  expect(hasDisplay('darwin', {})).toBe(true);
  expect(hasDisplay('linux', {})).toBe(false);
  expect(hasDisplay('linux', { DISPLAY: '' })).toBe(false);
  expect(hasDisplay('linux', { DISPLAY: ':0' })).toBe(true);
  expect(hasDisplay('linux', { WAYLAND_DISPLAY: 'wayland-0' })).toBe(true);
});

it.skipIf(process.platform === 'win32')('a browser is the named one or one on the search path, if it can be run', () => {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const browser = join(bin, 'chromium');
  writeFileSync(browser, '');
  chmodSync(browser, 0o644);
  expect(findChromium({ PATH: bin, TEEFUSION_CHROMIUM: browser })).toBeNull();
  chmodSync(browser, 0o755);
  expect(findChromium({ PATH: `${join(folder, 'nowhere')}:${bin}` })).toBe(browser);
  expect(findChromium({ PATH: '', TEEFUSION_CHROMIUM: browser })).toBe(browser);
});

it('Electron is there once its package has noted its binary and the binary exists', () => {
  const electron = join(folder, 'electron');
  mkdirSync(join(electron, 'dist'), { recursive: true });
  expect(installedElectron(electron, undefined)).toBeNull();
  writeFileSync(join(electron, 'path.txt'), 'electron');
  expect(installedElectron(electron, undefined)).toBeNull();
  writeFileSync(join(electron, 'dist', 'electron'), '');
  expect(installedElectron(electron, undefined)).toBe(join(electron, 'dist', 'electron'));
  expect(mayRunSandboxed('linux', 0)).toBe(false);
  expect(mayRunSandboxed('linux', 1000)).toBe(true);
  expect(mayRunSandboxed('win32', undefined)).toBe(true);
});

describe('a build', () => {
  const root = join(folder, 'project');
  const at = (path: string, seconds: number) => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), '');
    utimesSync(join(root, path), seconds, seconds);
  };

  it('is stale until it has finished, and when a source is younger; tests are no sources', () => {
    at('main/studio.ts', 1000);
    expect(isStale(root)).toBe(true);
    at('out/built', 2000);
    expect(isStale(root)).toBe(true);
    at('out/renderer/index.html', 2000);
    expect(isStale(root)).toBe(false);
    at('main/deep/er/x.test.ts', 3000);
    expect(isStale(root)).toBe(false);
    at('main/deep/er/x.ts', 3000);
    expect(isStale(root)).toBe(true);
  });
});
