// The shell's decisions as plain functions: who may speak, what may load, where the window goes, when closing asks.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isWindowAddress } from './addresses.ts';
import { closeDetail, decideClose, type Work } from './closing.ts';
import { isTrustedSender } from './ipc.ts';
import { menuTemplate } from './menu.ts';
import { findPlaces } from './places.ts';
import { mayLoad } from './security.ts';
import { textsFor } from './texts.ts';
import { loadWindowState, minimumSize, placeWindow, saveWindowState } from './window-state.ts';

describe('who may speak to the host', () => {
  it('only the window\'s own document', () => {
    expect(isWindowAddress('studio://app/index.html')).toBe(true);
    expect(isWindowAddress('studio://app/index.html#x')).toBe(true);
    for (const address of [
      'studio://images/abc', 'studio://app.evil/index.html', 'studio://app/other.html', 'studio://me@app/index.html',
      'https://app/index.html', 'file:///index.html', 'about:blank', 'data:text/html,x', '', undefined, null,
    ]) expect(isWindowAddress(address)).toBe(false);
  });

  it('only its top frame, and not one that is gone', () => {
    const url = 'studio://app/index.html';
    expect(isTrustedSender({ senderFrame: { url, parent: null } as never })).toBe(true);
    expect(isTrustedSender({ senderFrame: { url, parent: { url } } as never })).toBe(false);
    expect(isTrustedSender({ senderFrame: null })).toBe(false);
  });
});

describe('what may load', () => {
  it('the studio\'s own addresses and data in memory', () => {
    for (const address of ['studio://app/a.js', 'studio://images/1', 'data:image/png;base64,AA', 'blob:studio://app/1']) expect(mayLoad(address)).toBe(true);
    for (const address of ['https://example.com', 'HTTP://example.com', 'ws://localhost', 'file:///etc/passwd', 'ftp://x', 'studio', 'studios://app', '']) {
      expect(mayLoad(address)).toBe(false);
    }
  });
});

describe('closing', () => {
  it('asks only when it would end unfinished work', () => {
    const work = (changes: Partial<Work>): Work => ({ runs: [], evaluations: [], jobs: [], ...changes });
    const nothing = { running: 0, queued: 0, evaluations: 0, jobs: 0 };
    const ended = [{ state: 'done' }, { state: 'failed' }, { state: 'cancelled' }, { state: 'interrupted' }] as const;
    expect(decideClose({ runs: ended, evaluations: ended, jobs: [...ended, { state: 'paused' }, { state: 'queued' }] }, true)).toBeNull();
    expect(decideClose(work({ runs: [{ state: 'running' }, { state: 'queued' }, { state: 'queued' }, { state: 'done' }] }), true)).toEqual({ ...nothing, running: 1, queued: 2 });
    expect(decideClose(work({ runs: [{ state: 'queued' }] }), true)).toEqual({ ...nothing, queued: 1 });
    expect(decideClose(work({ evaluations: [{ state: 'running' }, { state: 'queued' }, ...ended] }), true)).toEqual({ ...nothing, evaluations: 2 });
    expect(decideClose(work({ jobs: [{ state: 'queued' }, { state: 'estimating' }] }), true)).toEqual({ ...nothing, jobs: 1 });
    expect(decideClose(work({ runs: [{ state: 'running' }], jobs: [{ state: 'running' }] }), false)).toBeNull();
    expect(decideClose(work({}), true)).toBeNull();
  });

  it('says what is at work and what becomes of it, in both languages', () => {
    const en = closeDetail({ running: 1, queued: 2, evaluations: 1, jobs: 1 }, textsFor('en'));
    expect(en).toBe('A run is in progress. 2 runs wait. An evaluation is at work. A student is in training. Closing ends runs: pictures that are finished are kept, the one in progress is lost. '
      + 'Evaluation and training stop; what is done is kept, and both can be resumed.');
    const de = closeDetail({ running: 0, queued: 0, evaluations: 2, jobs: 1 }, textsFor('de'));
    expect(de).toBe('2 Auswertungen laufen oder warten. Ein Schüler lernt gerade. Auswertung und Training halten an; was geschafft ist, bleibt, und beide lassen sich fortsetzen.');
  });
});

describe('the window\'s place', () => {
  const screens = [{ x: 0, y: 25, width: 1920, height: 1055 }, { x: 1920, y: 0, width: 2560, height: 1400 }] as const;

  it('is kept where it was, on the screen where it was', () => {
    const saved = { bounds: { x: 2100, y: 80, width: 1500, height: 1000 }, maximized: true };
    expect(placeWindow(saved, [...screens])).toEqual(saved);
  });

  it('is the middle of the first screen when there is nothing to remember or the screen is gone', () => {
    const middle = { bounds: { x: 240, y: 102, width: 1440, height: 900 }, maximized: false };
    expect(placeWindow(null, [...screens])).toEqual(middle);
    expect(placeWindow({ bounds: { x: 5000, y: 5000, width: 1000, height: 700 }, maximized: false }, [...screens])).toEqual(middle);
  });

  it('is always wholly on one screen and as large as it can be used', () => {
    const integer = fc.integer({ min: -6000, max: 6000 });
    const size = fc.integer({ min: 1, max: 9000 });
    fc.assert(
      fc.property(integer, integer, size, size, (x, y, width, height) => {
        const { bounds } = placeWindow({ bounds: { x, y, width, height }, maximized: false }, [...screens]);
        const inside = screens.some((s) => bounds.x >= s.x && bounds.y >= s.y && bounds.x + bounds.width <= s.x + s.width && bounds.y + bounds.height <= s.y + s.height);
        expect(inside).toBe(true);
        expect(bounds.width).toBeGreaterThanOrEqual(minimumSize.width);
        expect(bounds.height).toBeGreaterThanOrEqual(minimumSize.height);
      }),
    );
    expect(placeWindow(null, [{ x: 0, y: 0, width: 800, height: 600 }]).bounds).toEqual({ x: 0, y: 0, width: 800, height: 600 });
  });

  it('is written whole and read back; a damaged file is no place', () => {
    const dir = mkdtempSync(join(tmpdir(), 'studio-window-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const file = join(dir, 'deep', 'window.json');
    const state = { bounds: { x: 1, y: 2, width: 1000, height: 700 }, maximized: true };
    expect(loadWindowState(file)).toBeNull();
    saveWindowState(file, state);
    expect(loadWindowState(file)).toEqual(state);
    expect(readdirSync(join(dir, 'deep'))).toEqual(['window.json']);
    for (const damaged of ['', '{', 'null', '{"bounds":{"x":0,"y":0,"width":-1,"height":5},"maximized":true}', readFileSync(file, 'utf8').slice(0, -3)]) {
      writeFileSync(file, damaged);
      expect(loadWindowState(file)).toBeNull();
    }
  });
});

describe('places', () => {
  it('lie in the checkout, or in the installed app with the engine outside app.asar', () => {
    expect(findPlaces({ packaged: false, bundleDir: '/studio/out/main', resourcesDir: '/nowhere', platform: 'linux' })).toEqual({
      windowDir: '/studio/out/renderer',
      preload: '/studio/out/preload/index.cjs',
      engineEntry: '/studio/out/main/engine.js',
      evaluationEntry: '/studio/out/main/evaluation.js',
      trainingEntry: '/studio/out/main/training.js',
      nodeBinary: undefined,
      modelsDir: '/studio/models',
      trainingSketches: '/studio/resources/evaluation/training-pictures.idx',
      icon: '/studio/resources/icon.png',
    });
    expect(findPlaces({ packaged: true, bundleDir: '/opt/s/resources/app.asar/out/main', resourcesDir: '/opt/s/resources', platform: 'win32' })).toEqual({
      windowDir: '/opt/s/resources/app.asar/out/renderer',
      preload: '/opt/s/resources/app.asar/out/preload/index.cjs',
      engineEntry: '/opt/s/resources/app.asar.unpacked/out/main/engine.js',
      evaluationEntry: '/opt/s/resources/app.asar.unpacked/out/main/evaluation.js',
      trainingEntry: '/opt/s/resources/app.asar.unpacked/out/main/training.js',
      nodeBinary: '/opt/s/resources/node/node.exe',
      modelsDir: '/opt/s/resources/models',
      trainingSketches: '/opt/s/resources/evaluation/training-pictures.idx',
      icon: '/opt/s/resources/icon.png',
    });
  });
});

describe('the menu', () => {
  const template = (platform: NodeJS.Platform, development: boolean) =>
    menuTemplate({ platform, development, texts: textsFor('de'), openLibrary: () => undefined, about: () => undefined });
  const written = (platform: NodeJS.Platform, development: boolean) => JSON.stringify(template(platform, development));

  it('has the standard roles, and developer tools only in a checkout', () => {
    expect(written('linux', false)).not.toMatch(/toggleDevTools|reload/);
    expect(written('linux', true)).toContain('toggleDevTools');
    for (const role of ['copy', 'paste', 'selectAll', 'zoomIn', 'windowMenu', 'quit', 'togglefullscreen']) expect(written('win32', false)).toContain(`"${role}"`);
    expect(written('darwin', false)).not.toContain('"quit"'); // the application's own menu has it
    expect(template('darwin', false)[0]).toEqual({ role: 'appMenu' });
  });

  it('says everything in the language of the settings', () => {
    const labels = template('linux', true).flatMap(({ label, submenu }) => [label, ...(submenu as { type?: string; label?: string }[]).filter((item) => item.type !== 'separator').map((item) => item.label)]);
    expect(labels).toContain('Bearbeiten');
    for (const label of labels) expect(label).toBeTruthy();
  });
});
