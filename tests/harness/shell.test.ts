// The proof of the desktop shell: the built host under Node, a stand-in for the module `electron`, the built preload and
// the built window in a real Chromium. A person makes a comparison through it; then everyone who should not get in tries.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { callNames } from '../../main/contract/contract.ts';
import { background } from '../../electron/background.ts';
import { chromiumPath, ensureBuild, eventually, isShown, provideModels, readRuns, root, withoutChromium } from './rig.ts';
import { openShell, Shell, startChromium, type ChromiumForShell } from './launch.ts';

let home: string;
let browser: ChromiumForShell;
let shell: Shell;
let page: Page;

/** A call of the window, as its own scripts make it. */
const call = (name: string, input: unknown = {}): Promise<{ ok: boolean; value?: never; error?: { code: string; message: string } }> =>
  page.evaluate(([callName, callInput]) => (globalThis as never as { studio: { call(name: unknown, input: unknown): Promise<never> } }).studio.call(callName, callInput), [name, input] as const);

const library = (): string => join(home, 'library');

beforeAll(async () => {
  if (chromiumPath === null) return;
  home = await mkdtemp(join(tmpdir(), 'studio-shell-'));
  await ensureBuild();
  await provideModels(library());
  browser = await startChromium(chromiumPath, join(home, 'profile'));
  ({ shell, page } = await openShell(browser, home));
}, 300_000);

afterAll(async () => {
  if (chromiumPath === null) return;
  shell?.kill();
  await browser?.close();
  await rm(home, { recursive: true, force: true });
});

beforeEach(({ skip }) => skip(chromiumPath === null, withoutChromium));

describe('the build', () => {
  it('leaves outside the bundles only what electron-builder.yml ships', async () => {
    const files = (await readdir(join(root, 'out', 'main'), { recursive: true })).filter((name) => name.endsWith('.js'));
    const imported = new Set<string>();
    for (const file of files) {
      const code = await readFile(join(root, 'out', 'main', file), 'utf8');
      for (const [, from, alone] of code.matchAll(/^(?:import|export)\b[^;'"]*?\bfrom\s*["']([^."'][^"']*)["']|^import\s*["']([^."'][^"']*)["']/gm)) imported.add(from ?? alone!);
    }
    const packages = [...imported].filter((name) => name !== 'electron' && !isBuiltin(name));
    expect(packages.sort()).toEqual(['better-sqlite3', 'onnxruntime-node', 'sharp']);
  });

  it('makes a preload that a sandbox can load: one file that requires nothing but electron', async () => {
    const code = await readFile(join(root, 'out', 'preload', 'index.cjs'), 'utf8');
    expect([...code.matchAll(/require\(([^)]*)\)/g)].map((match) => match[1])).toEqual(['"electron"']);
    expect(code.length).toBeLessThan(10_000);
  });
});

describe('the desktop window', () => {
  it('opens sandboxed and isolated, in the middle of the screen, and is shown when drawn', async () => {
    await eventually(async () => (await shell.state()).windows.map(({ visible }) => visible)).toEqual([true]);
    const state = await shell.state();
    const [window] = state.windows;
    expect(window).toMatchObject({ bounds: { x: 80, y: 50, width: 1440, height: 900 } });
    expect(window?.webPreferences).toMatchObject({ sandbox: true, contextIsolation: true, nodeIntegration: false, webSecurity: true, webviewTag: false, spellcheck: false });
    expect(state).toMatchObject({ sandboxEnabled: true, spellChecker: false, appName: 'TeEFusion Studio' });
    expect(state.userData.startsWith(library())).toBe(false);
  });

  it('has one channel per call of the contract and no other', async () => {
    expect((await shell.state()).channels.sort()).toEqual(callNames.map((name) => `studio:call:${name}`).sort());
  });

  it('makes a comparison: a prompt, one click, two pictures, and their rows in SQLite', async () => {
    await page.getByTestId('prompt').fill('a red boat on the sea');
    await page.getByTestId('steps').fill('4');
    await page.getByTestId('generate').click();
    await isShown(page.getByTestId('image-teacher'), /^studio:\/\/images\//);
    await isShown(page.getByTestId('image-student'), /^studio:\/\/images\//);

    const [run] = readRuns(library());
    expect(run).toMatchObject({ state: 'done', prompt: 'a red boat on the sea', steps: 4 });
    expect(run?.images.map(({ role, nfe }) => ({ role, nfe }))).toEqual([
      { role: 'teacher', nfe: 8 },
      { role: 'student', nfe: 4 },
    ]);
  }, 120_000);

  it('shares its library with the command line while it is open', async () => {
    const before = readRuns(library()).length;
    const command = join(root, 'main', 'cli', 'main.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [command, 'compare', 'a blue house', '--steps', '2', '--json', '--library', library()]);
    const { run } = JSON.parse(stdout) as { run: string };
    expect(readRuns(library())[0]).toMatchObject({ id: run, prompt: 'a blue house', state: 'done' });
    expect(readRuns(library())).toHaveLength(before + 1);
    await eventually(() => page.getByTestId('history-item').count()).toBe(before + 1);
  }, 120_000);

  it('follows the theme of the settings, title bar and page alike', async () => {
    for (const theme of ['light', 'dark'] as const) {
      expect((await call('settings.set', { theme })).ok).toBe(true);
      await page.waitForFunction((wanted) => (globalThis as never as { matchMedia(query: string): { matches: boolean } }).matchMedia(`(prefers-color-scheme: ${wanted})`).matches, theme);
      const state = await shell.state();
      expect(state.theme).toBe(theme);
      expect(state.windows[0]?.backgroundColor).toBe(background[theme]);
    }
  });

  it('opens with the colour its page has', async () => {
    const tokens = await readFile(join(root, 'renderer', 'styles', 'tokens.css'), 'utf8');
    const canvas = [...tokens.matchAll(/--canvas:\s*(#[0-9a-f]{6})/gi)].map((match) => match[1]);
    expect(new Set(canvas)).toEqual(new Set([background.dark, background.light]));
  });

  it('has a menu that opens the library\'s folder, and an about box', async () => {
    await shell.ask('clickMenu', 'Open Library Folder');
    await shell.ask('clickMenu', 'About TeEFusion Studio');
    const { journal } = await shell.state();
    expect(journal.openedPaths).toEqual([library()]);
    expect(journal.aboutShown).toBe(1);
  });

  it('comes to the front when the studio is started a second time', async () => {
    await shell.ask('secondInstance');
    expect((await shell.state()).windows).toMatchObject([{ focused: true }]);

    const pages = browser.context.pages().length;
    const second = new Shell(browser.address, home, { STUDIO_HARNESS_SECOND: '1' });
    expect(await second.ended).toBe(0);
    expect(browser.context.pages()).toHaveLength(pages);
  }, 120_000);
});

describe('what is kept out', () => {
  it('permissions: all of them', async () => {
    const states = await page.evaluate(async () => {
      const { navigator } = globalThis as never as { navigator: { permissions: { query(descriptor: { name: string }): Promise<{ state: string }> } } };
      const names = ['geolocation', 'notifications', 'camera', 'microphone', 'midi', 'clipboard-read', 'background-sync'];
      return Promise.all(names.map(async (name) => (await navigator.permissions.query({ name })).state));
    });
    expect(new Set(states)).toEqual(new Set(['denied']));
    const asked = await page.evaluate(() => {
      const { navigator } = globalThis as never as { navigator: { mediaDevices: { getUserMedia(constraints: object): Promise<unknown> } } };
      return navigator.mediaDevices.getUserMedia({ audio: true }).then(() => 'granted', (error: Error) => error.name);
    });
    expect(asked).not.toBe('granted');
  });

  it('navigation away, and new windows', async () => {
    const address = page.url();
    await page.evaluate(() => {
      (globalThis as never as { location: { href: string } }).location.href = 'https://elsewhere.example/';
    });
    await eventually(async () => (await shell.state()).journal.blockedNavigations).toContain('https://elsewhere.example/');
    expect(page.url()).toBe(address);

    await page.evaluate(() => void (globalThis as never as { open(url: string): unknown }).open('https://popup.example/'));
    await eventually(async () => (await shell.state()).journal.deniedWindows).toContain('https://popup.example/');
    await eventually(() => browser.context.pages().filter((other) => other.url().includes('popup'))).toEqual([]);
  });

  it('the network: by the page\'s policy, and by the session where a policy is missing', async () => {
    const reached = await page.evaluate(async () => {
      const { fetch, Image } = globalThis as never as { fetch(url: string): Promise<unknown>; Image: new () => { src: string; onload: unknown; onerror: unknown } };
      const image = new Promise((resolve) => {
        const element = new Image();
        element.onload = () => resolve('loaded');
        element.onerror = () => resolve('refused');
        element.src = 'https://tracker.example/pixel.png';
      });
      return [await fetch('https://api.example/').then(() => 'loaded', () => 'refused'), await image];
    });
    expect(reached).toEqual(['refused', 'refused']);
    await expect(shell.ask('forceLoad', 'https://elsewhere.example/')).rejects.toThrow('ERR_BLOCKED_BY_CLIENT');
    expect((await shell.state()).journal.leakedRequests).toEqual([]);
    await shell.ask('forceLoad', 'studio://app/index.html');
  });

  it('inline and generated code', async () => {
    const ran = await page.evaluate(() => {
      const view = globalThis as never as { document: { createElement(tag: string): { textContent: string }; head: { append(element: unknown): void } }; inlineRan?: boolean };
      const script = view.document.createElement('script');
      script.textContent = 'globalThis.inlineRan = true';
      view.document.head.append(script);
      return view.inlineRan === true;
    });
    expect(ran).toBe(false);
  });

  it('names that the contract does not have, and Node itself', async () => {
    expect(await call('library.drop')).toMatchObject({ ok: false, error: { code: 'invalid-input' } });
    expect(await call('constructor')).toMatchObject({ ok: false, error: { code: 'invalid-input' } });
    const seen = await page.evaluate(() => {
      const view = globalThis as never as Record<string, unknown> & { studio: { on(name: string, listener: () => void): void } };
      let refused = '';
      try {
        view.studio.on('library.dropped', () => undefined);
      } catch (error) {
        refused = String(error);
      }
      return { refused, api: Object.keys(view.studio).sort(), node: ['require', 'process', 'module', 'Buffer'].filter((name) => name in view) };
    });
    expect(seen.refused).toContain('library.dropped');
    expect(seen.api).toEqual(['call', 'evaluationPictureUrl', 'imageUrl', 'on']);
    expect(seen.node).toEqual([]);
  });

  it('input that the contract does not allow, with a reason', async () => {
    expect(await call('runs.compare', { prompt: 'a red boat on the sea', steps: -1 })).toMatchObject({ ok: false, error: { code: 'invalid-input' } });
    expect(await call('runs.get', { run: '../../etc/passwd' })).toMatchObject({ ok: false, error: { code: 'invalid-input' } });
  });

  it('pictures nobody has, with a 404', async () => {
    for (const id of ['unknown', '..%2F..%2Flibrary.db']) {
      const answer = page.waitForResponse((response) => response.url() === `studio://images/${id}`);
      await page.evaluate((url) => {
        const { Image } = globalThis as never as { Image: new () => { src: string } };
        new Image().src = url;
      }, `studio://images/${id}`);
      expect((await answer).status()).toBe(404);
    }
  });

  it('a foreign page, even if one came into the window', async () => {
    await shell.ask('forceLoad', 'data:text/html,<title>foreign</title>');
    expect(await page.title()).toBe('foreign');
    for (const name of callNames) expect(await call(name)).toMatchObject({ ok: false, error: { code: 'permission' } });
    await shell.ask('forceLoad', 'studio://app/index.html');
    expect((await call('settings.get')).ok).toBe(true);
  });
});

describe('crashes and endings', () => {
  it('a crashed page is offered anew; the studio behind it goes on', async () => {
    await shell.ask('answer', 0);
    const revived = browser.context.waitForEvent('page');
    const cdp = await browser.context.newCDPSession(page);
    cdp.send('Page.crash').catch(() => undefined);
    page = await revived;
    await page.waitForURL('**/index.html', { waitUntil: 'load' });
    await page.getByTestId('prompt').waitFor();
    expect((await call('app.status')).ok).toBe(true);
    const { journal, windows } = await shell.state();
    expect(journal.questions.at(-1)).toMatchObject({ message: 'The window stopped working', buttons: ['Open the Window Again', 'Quit'] });
    expect(windows).toHaveLength(1);
  }, 120_000);

  it('asks before closing over a run, and stays open when told so', async () => {
    const started = await call('runs.generate', { model: 'storybook', prompt: 'a red boat on the sea', steps: 200, count: 200 });
    expect(started.ok).toBe(true);
    await shell.ask('answer', 0);
    await shell.ask('closeWindow');
    await eventually(async () => (await shell.state()).journal.questions.at(-1)?.message).toBe('Work is still running');
    const state = await shell.state();
    expect(state.windows).toHaveLength(1);
    expect(state.journal.questions.at(-1)?.buttons).toEqual(['Keep Open', 'Stop and Close']);
  }, 120_000);

  it('closes when told so: the run ends in order, the process too, and nothing finished is lost', async () => {
    await shell.ask('moveWindow', { x: 30, y: 40, width: 1200, height: 800 });
    await shell.ask('answer', 1);
    await shell.ask('closeWindow');
    expect(await shell.ended).toBe(0);
    const runs = readRuns(library()).map(({ kind, steps, state }) => ({ kind, steps, state }));
    expect(runs).toEqual([
      { kind: 'generate', steps: 200, state: 'cancelled' },
      { kind: 'compare', steps: 2, state: 'done' },
      { kind: 'compare', steps: 4, state: 'done' },
    ]);
  }, 120_000);

  it('starts again where the window stood, with its history', async () => {
    ({ shell, page } = await openShell(browser, home));
    expect((await shell.state()).windows[0]?.bounds).toEqual({ x: 30, y: 40, width: 1200, height: 800 });
    const listed = (await call('runs.list', {})) as { value?: { runs: { kind: string }[] } };
    expect(listed.value?.runs.map((run) => run.kind)).toEqual(['generate', 'compare', 'compare']);
    await shell.ask('quit');
    expect(await shell.ended).toBe(0);
  }, 120_000);

  it('says why it cannot start, and ends with 1', async () => {
    const broken = join(home, 'broken');
    await mkdir(broken);
    await writeFile(join(broken, 'library'), 'a file where a folder should be');
    const failing = new Shell(browser.address, broken);
    expect(await failing.ended).toBe(1);
    expect(failing.stderr).toContain('TeEFusion Studio could not start');
  }, 120_000);
});
