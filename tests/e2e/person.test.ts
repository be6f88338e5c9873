// A person's whole path through `studio serve` in a real Chromium: the first start, a comparison, a verdict, a long run
// stopped, the server started again, the history bringing everything back, and the slider followed live.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chromiumPath, ensureBuild, eventually, isShown, openBrowser, openPage, provideModels, readRuns, withoutChromium } from '../harness/rig.ts';
import { ServedStudio } from '../harness/serve.ts';

let home: string;
let studio: ServedStudio;
let browser: Browser;
let context: BrowserContext;
let page: Page;
/** Errors of the page and lines it wrote to its console as errors, since the last look. */
let complaints: string[] = [];

const library = (): string => join(home, 'library');
const at = (id: string): Locator => page.getByTestId(id);

async function visit(): Promise<void> {
  page = await openPage(context, (text) => complaints.push(text));
  await page.goto(studio.url);
}

/** Types into a field as a person does: what stands there goes, Enter takes it over. */
async function type(id: string, text: string): Promise<void> {
  await at(id).fill(text);
  await at(id).press('Enter');
}

/**
 * Watches the page from inside, where no moment is too short to be seen: which step captions and previews came by.
 * With `cancelAt`, presses Cancel as soon as a caption of that many steps is there.
 */
async function watchRun(cancelAt: number | null = null): Promise<() => Promise<{ captions: string[]; previews: string[] }>> {
  await page.evaluate((steps) => {
    const view = globalThis as never as {
      document: { body: { innerText: string }; querySelector(selector: string): { click(): void } | null };
      MutationObserver: new (seen: () => void) => { observe(target: unknown, options: object): void };
      seen: { captions: Set<string>; previews: Set<string> };
    };
    view.seen = { captions: new Set(), previews: new Set() };
    new view.MutationObserver(() => {
      for (const caption of view.document.body.innerText.match(/Step \d+ of \d+/g) ?? []) {
        view.seen.captions.add(caption);
        if (steps !== null && caption.endsWith(` of ${steps}`)) view.document.querySelector('[data-testid=cancel]')?.click();
      }
      for (const side of ['teacher', 'student']) {
        if (view.document.querySelector(`canvas[data-testid=preview-${side}], [data-testid=preview-${side}] canvas`) !== null) view.seen.previews.add(side);
      }
    }).observe(view.document.body, { subtree: true, childList: true, characterData: true });
  }, cancelAt);
  return () =>
    page.evaluate(() => {
      const { seen } = globalThis as never as { seen: { captions: Set<string>; previews: Set<string> } };
      return { captions: [...seen.captions], previews: [...seen.previews].sort() };
    });
}

async function done(): Promise<void> {
  await at('generate').waitFor({ timeout: 120_000 });
}

beforeAll(async () => {
  if (chromiumPath === null) return;
  home = await mkdtemp(join(tmpdir(), 'studio-e2e-'));
  await ensureBuild();
  await provideModels(library());
  studio = await ServedStudio.start(library());
  browser = await openBrowser();
  context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await visit();
}, 300_000);

afterAll(async () => {
  if (chromiumPath === null) return;
  await browser?.close();
  studio?.kill();
  await rm(home, { recursive: true, force: true });
});

beforeEach(({ skip }) => {
  skip(chromiumPath === null, withoutChromium);
  complaints = [];
});

describe('the first start', () => {
  it('hides the token from the address bar and shows a prompt to begin with', async () => {
    await page.waitForURL((url) => !url.href.includes('token'));
    expect(await at('prompt').inputValue()).toBe('a red boat on the sea');
    expect(await at('generate').isEnabled()).toBe(true);
    expect(await at('history-item').count()).toBe(0);
    expect(readRuns(library())).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('is refused without the token', async () => {
    const stranger = await browser.newContext();
    const answer = await (await stranger.newPage()).goto(new URL(studio.url).origin);
    expect(answer?.status()).toBe(401);
    await stranger.close();
  });
});

describe('a comparison', () => {
  it('shows previews and progress, then two pictures, their passes and the speed-up', async () => {
    const panels = await Promise.all(['panel-teacher', 'panel-student'].map((id) => at(id).boundingBox()));
    const seen = await watchRun();
    await at('generate').click();
    await isShown(at('image-teacher'), /^\/images\//);
    await isShown(at('image-student'), /^\/images\//);
    await done();

    const { captions, previews } = await seen();
    expect(previews).toEqual(['student', 'teacher']);
    expect(captions.length).toBeGreaterThan(5);
    expect(captions.every((caption) => caption.endsWith(' of 20'))).toBe(true);

    expect(await at('nfe-teacher').textContent()).toMatch(/\b40\b/);
    expect(await at('nfe-student').textContent()).toMatch(/\b20\b/);
    expect(await at('time-teacher').textContent()).toMatch(/\d/);
    expect(await at('speedup').textContent()).toMatch(/\d(?:[.,]\d+)?×/);
    // Nothing has moved from empty to done.
    expect(await Promise.all(['panel-teacher', 'panel-student'].map((id) => at(id).boundingBox()))).toEqual(panels);
    expect(complaints).toEqual([]);
  }, 120_000);

  it('is in SQLite, each picture with what it cost', () => {
    const [run, ...others] = readRuns(library());
    expect(others).toEqual([]);
    expect(run).toMatchObject({ state: 'done', prompt: 'a red boat on the sea', guidance: 5, steps: 20, seed: 7, verdict: null });
    expect(run?.images.map(({ role, nfe }) => ({ role, nfe }))).toEqual([{ role: 'teacher', nfe: 40 }, { role: 'student', nfe: 20 }]);
    for (const image of run!.images) expect(image.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('keeps the verdict, and takes it back', async () => {
    await at('verdict-student').click();
    await eventually(() => readRuns(library())[0]?.verdict).toBe('student');
    expect(await at('verdict-student').getAttribute('aria-pressed')).toBe('true');
    await at('verdict-student').click();
    await eventually(() => readRuns(library())[0]?.verdict).toBeNull();
    await at('verdict-tie').click();
    await eventually(() => readRuns(library())[0]?.verdict).toBe('tie');
  });

  it('can be looked at through a slider, zoomed on both sides at once', async () => {
    await at('mode-wipe').click();
    await at('wipe-handle').waitFor();
    for (const side of ['image-teacher', 'image-student']) expect(await at(side).isVisible()).toBe(true);
    await at('mode-side').click();

    const widths = (): Promise<(number | undefined)[]> =>
      Promise.all(['image-teacher', 'image-student'].map(async (side) => (await at(side).boundingBox())?.width));
    const fitted = await widths();
    const stage = await at('panel-teacher').boundingBox();
    if (stage === null) throw new Error('The panel is not on the screen.');
    await page.mouse.move(stage.x + stage.width / 2, stage.y + stage.height / 2);
    await page.mouse.wheel(0, -400);
    await eventually(async () => (await widths())[0]! > fitted[0]!).toBe(true);
    const [teacher, student] = await widths();
    expect(student).toBe(teacher);
    await page.mouse.dblclick(stage.x + stage.width / 2, stage.y + stage.height / 2);
    await eventually(widths).toEqual(fitted);
  });

  it('repeats pixel for pixel with the same seed, started from the keyboard', async () => {
    await at('prompt').press('Control+Enter');
    await at('cancel').waitFor();
    await done();
    await eventually(() => readRuns(library()).map((run) => run.state)).toEqual(['done', 'done']);
    const [second, first] = readRuns(library());
    expect(second?.images.map((image) => image.sha256)).toEqual(first?.images.map((image) => image.sha256));
  }, 120_000);
});

describe('a long run', () => {
  it('stops within one step', async () => {
    await type('steps', '200');
    await type('guidance-number', '3');
    await watchRun(200);
    await at('generate').click();
    await at('cancel').waitFor();
    await done();
    const [run] = readRuns(library());
    expect(run).toMatchObject({ state: 'cancelled', steps: 200, guidance: 3 });
    expect(run?.images).toEqual([]);
    const stopped = await page.getByText(/Stopped at step (\d+) of 200/).first().textContent();
    expect(Number(/step (\d+)/.exec(stopped ?? '')?.[1])).toBeLessThan(200);
  }, 120_000);
});

describe('after the server was started again', () => {
  it('the history shows every run and brings one back: prompt, seed, guidance, pictures, verdict', async () => {
    expect(await studio.stop()).toBe(0);
    studio = await ServedStudio.start(library());
    await page.close();
    complaints = [];
    await visit();
    await eventually(() => at('history-item').count()).toBe(3);

    await type('prompt', 'a blue house');
    await type('guidance-number', '9');
    await type('seed', '123');
    await at('history-item').last().click();
    await eventually(() => at('prompt').inputValue()).toBe('a red boat on the sea');
    expect(await at('guidance-number').inputValue()).toBe('5.0');
    expect(await at('seed').inputValue()).toBe('7');
    expect(await at('steps').inputValue()).toBe('20');
    await isShown(at('image-teacher'), /^\/images\//);
    await isShown(at('image-student'), /^\/images\//);
    expect(await at('verdict-tie').getAttribute('aria-pressed')).toBe('true');
    expect(complaints).toEqual([]);
  }, 120_000);

  it('a run can be searched for, deleted, and brought back by undo', async () => {
    await at('history-search').fill('boat');
    await eventually(() => at('history-item').count()).toBe(3);
    await at('history-search').fill('nobody typed this');
    await eventually(() => at('history-item').count()).toBe(0);
    await at('history-search').fill('');
    await eventually(() => at('history-item').count()).toBe(3);

    await at('history-item').first().hover();
    await at('history-delete').first().click();
    await eventually(() => at('history-item').count()).toBe(2);
    expect(readRuns(library())).toHaveLength(2);
    await at('undo').click();
    await eventually(() => at('history-item').count()).toBe(3);
    expect(readRuns(library())).toHaveLength(3);
  }, 120_000);

  it('the server ends at Ctrl+C and leaves a run that another start does not find running', async () => {
    const status = await page.evaluate(async () => {
      const { fetch } = globalThis as never as { fetch(url: string, init: object): Promise<{ json(): Promise<{ ok: boolean }> }> };
      const body = JSON.stringify({ model: 'storybook', prompt: 'a red boat on the sea', steps: 200, count: 500 });
      return (await fetch('/api/runs.generate', { method: 'POST', headers: { 'content-type': 'application/json' }, body })).json();
    });
    expect(status.ok).toBe(true);
    await eventually(() => readRuns(library())[0]).toMatchObject({ kind: 'generate', state: 'running' });
    expect(await studio.stop()).toBe(0);
    expect(readRuns(library())[0]).toMatchObject({ kind: 'generate', state: 'cancelled' });
    studio = await ServedStudio.start(library());
    await page.close();
    await visit();
  }, 120_000);
});

describe('live guidance', () => {
  it('follows the slider with frames marked as preview, then compares in full', async () => {
    await at('history-item').last().click();
    await isShown(at('image-student'), /^\/images\//);
    const before = readRuns(library()).length;

    // The models are listed: previews have someone to draw them.
    await page.getByText('storybook-teefusion').first().waitFor();
    const slider = await at('guidance-slider').boundingBox();
    if (slider === null) throw new Error('The slider is not on the screen.');
    const middle = slider.y + slider.height / 2;
    await page.mouse.move(slider.x + slider.width * (5 / 12), middle);
    await page.mouse.down();
    const frames = new Set<string>();
    for (const share of [0.5, 0.6, 0.7]) {
      await page.mouse.move(slider.x + slider.width * share, middle, { steps: 3 });
      const badge = page.getByText(/^preview · γ/);
      // The first frame of a new server waits for the engine and its models.
      await badge.waitFor({ timeout: 90_000 });
      await eventually(async () => frames.has((await badge.textContent()) ?? '')).toBe(false);
      frames.add((await badge.textContent()) ?? '');
    }
    expect(await at('live-student').isVisible()).toBe(true);
    expect(readRuns(library())).toHaveLength(before);

    await page.mouse.up();
    await eventually(() => readRuns(library()).length).toBe(before + 1);
    await done();
    await eventually(() => readRuns(library())[0]?.state).toBe('done');
    const guidance = Number(await at('guidance-number').inputValue());
    expect(readRuns(library())[0]).toMatchObject({ state: 'done', guidance });
    await eventually(() => at('live-student').count()).toBe(0);
  }, 180_000);
});

describe('what goes wrong', () => {
  it('names words that the model does not know', async () => {
    await at('prompt').fill('a cyberpunk boat');
    await page.getByText("'cyberpunk' is not in this model's vocabulary").first().waitFor();
    await at('prompt').fill('a red boat on the sea');
    await eventually(() => page.getByText("'cyberpunk'").count()).toBe(0);
  });

  it('brings a number back into its range and says so', async () => {
    await type('steps', '9000');
    expect(await at('steps').inputValue()).toBe('200');
    await page.getByText('Between 1 and 200').first().waitFor();
    await type('guidance-number', '0');
    expect(Number(await at('guidance-number').inputValue())).toBe(0);
  });
});
