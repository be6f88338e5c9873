// A person distils a student in the window: composes a job, sees what it costs, starts it, sees the chart move, pauses, loses the
// training process to kill -9, resumes, finishes, and generates with the new student. In a real Chromium, on a miniature.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTinyCheckpoint } from '../fixtures/tiny.ts';
import { processesBelow } from '../harness/processes.ts';
import { chromiumPath, ensureBuild, eventually, isShown, openBrowser, openPage, withoutChromium } from '../harness/rig.ts';
import { ServedStudio } from '../harness/serve.ts';

const teacher = 'miniature';
const student = 'pocket-student';

let home: string;
let studio: ServedStudio;
let browser: Browser;
let page: Page;
let complaints: string[] = [];

const at = (id: string): Locator => page.getByTestId(id);
const patiently = <T>(read: () => T | Promise<T>) => expect.poll(read, { timeout: 500_000, interval: 200 });
const state = () => at('job-run').getAttribute('data-state');
const points = async () => Number(await at('curve-loss').getAttribute('data-points'));

async function fill(id: string, value: string): Promise<void> {
  await at(id).fill(value);
  await at(id).press('Tab');
}

beforeAll(async () => {
  if (chromiumPath === null) return;
  home = await mkdtemp(join(tmpdir(), 'studio-jobs-'));
  await ensureBuild();
  await createTinyCheckpoint(join(home, 'models'), teacher);
  studio = await ServedStudio.start(home);
  browser = await openBrowser();
  page = await openPage(await browser.newContext({ viewport: { width: 1440, height: 900 } }), (text) => complaints.push(text));
  await page.goto(studio.url);
  await at('nav-jobs').click();
}, 300_000);

afterAll(async () => {
  if (chromiumPath === null) return;
  await browser?.close();
  await studio?.stop();
  await rm(home, { recursive: true, force: true });
});

beforeEach(({ skip }) => {
  skip(chromiumPath === null, withoutChromium);
  complaints = [];
});

describe('the form', () => {
  it('teaches, begins with a preset and a teacher that is there, and could be started as it stands', async () => {
    await page.getByText('Make your own student').waitFor();
    expect(await at('preset-quick').getAttribute('aria-checked')).toBe('true');
    await eventually(() => at('job-start').isEnabled()).toBe(true);
    await at('job-teacher').click();
    await at(`option-${teacher}`).click();
    await eventually(() => at('job-teacher').textContent()).toContain(teacher);
    await at('preset-overnight').click();
    expect(await at('job-steps').inputValue()).toBe('20000');
  });

  it('names what is wrong next to its field and does not start it', async () => {
    await fill('job-name', 'no spaces please');
    await eventually(() => at('job-problem').textContent()).toContain('underscores');
    expect(await at('job-start').isEnabled()).toBe(false);
    await fill('job-name', student);
    await at('mode-list').click();
    await eventually(() => at('job-problem').textContent()).toContain('at least one prompt');
    await at('job-prompts').fill('a red boat on the sea\na blue ball\n');
    await page.getByText('2 own prompts').waitFor();
    await at('mode-storybook').click();
    await eventually(() => at('job-start').isEnabled()).toBe(true);
    expect(complaints).toEqual([]);
  });

  it('says what it costs, measured on this machine', async () => {
    await at('preset-quick').click();
    for (const [id, value] of [['job-steps', '1500'], ['job-batch', '2'], ['job-points', '32']] as const) await fill(id, value);
    await page.getByRole('button', { name: /^While it learns/ }).click();
    for (const [id, value] of [['job-validateEvery', '20'], ['job-sampleEvery', '100000'], ['job-checkpointEvery', '10']] as const) await fill(id, value);
    await at('job-add-sample').click();
    await page.getByRole('button', { name: /^Memory and device/ }).click();
    await fill('job-threads', '1');
    await fill('job-accumulate', '3');
    await eventually(() => at('job-problem').textContent()).toContain('multiple of its parts');
    await fill('job-accumulate', '1');
    await at('job-evaluate').click();
    await fill('job-evaluate-count', '2');
    for (const scale of [5, 7]) await at('job-form').getByTestId(`chip-${scale}`).click();
    // The machine may have other work, behind which a gentle job would wait for good.
    await at('job-gentle').click();
    await at('job-measure').click();
    await patiently(() => at('job-cost-line').textContent()).toMatch(/^About \d/);
    await eventually(() => at('job-cost').textContent()).toMatch(/MiB memory \(.* free\), .* disk/);
    // Fewer steps are reckoned, not measured again.
    await fill('job-steps', '1400');
    await eventually(() => at('job-cost-line').textContent()).toContain('reckoned');
    await fill('job-steps', '1500');
    expect(complaints).toEqual([]);
  }, 600_000);
});

describe('a job', () => {
  it('starts from the form, and its chart moves', async () => {
    await at('job-start').click();
    await at('job-detail').waitFor();
    await patiently(points).toBeGreaterThan(1);
    const before = await points();
    await eventually(points).toBeGreaterThan(before);
    await at('curve-loss').locator('canvas').waitFor();
    await at('curve-loss').getByRole('group').press('End');
    await eventually(() => at('curve-loss').getByTestId('curve-readout').textContent()).toMatch(/Training step \d+/);
    await eventually(() => at('curve-loss').getByTestId('curve-value').first().textContent()).toMatch(/Training loss \d/);
    await eventually(() => at('job-figure-memory').textContent()).toContain('MiB');
    await page.getByRole('slider', { name: 'Smoothing' }).press('ArrowUp');
    // Fewer steps than these are shown whole.
    await patiently(points).toBeGreaterThan(10);
    await at('curve-loss').getByTestId('curve-zoom').click();
    await eventually(() => at('curve-loss').getByTestId('curve-all').isEnabled()).toBe(true);
    await at('curve-loss').getByTestId('curve-all').click();
    expect(complaints).toEqual([]);
  }, 600_000);

  it('draws samples when asked to, beside the teacher', async () => {
    await at('job-sample-now').click();
    await patiently(() => at('job-samples').getAttribute('data-rounds')).toBe('1');
    await patiently(() => at('job-samples').locator('canvas').count()).toBe(2);
    expect(complaints).toEqual([]);
  }, 600_000);

  it('pauses with a checkpoint and goes on where it was', async () => {
    await at('job-pause').click();
    await at('job-resume').waitFor({ timeout: 60_000 });
    expect(await state()).toBe('paused');
    const paused = Number((await at('job-figure-checkpoint').textContent())?.replaceAll(/\D/gu, ''));
    expect(paused).toBeGreaterThan(0);
    await at('job-resume').click();
    await patiently(points).toBeGreaterThan(paused);
    expect(complaints).toEqual([]);
  }, 600_000);

  it.skipIf(process.platform === 'win32')('survives kill -9 of its training process: says so, and resumes (not on Windows, where processes are not listed)', async () => {
    const training = processesBelow(studio.pid).filter(({ command }) => /training-process/u.test(command));
    expect(training).not.toEqual([]);
    for (const { pid } of training) process.kill(pid, 'SIGKILL');
    await at('job-reason').waitFor({ timeout: 60_000 });
    expect(await state()).toBe('interrupted');
    const row = at('job-row').first();
    expect(await row.getAttribute('data-state')).toBe('interrupted');
    await at('job-resume').click();
    await at('job-pause').waitFor({ timeout: 60_000 });
    expect(await at('job-reason').count()).toBe(0);
    expect(complaints).toEqual([]);
  }, 600_000);
});

describe('a finished job', () => {
  it('has a student that draws in Compare', async () => {
    await at('job-row').first().click();
    await patiently(state).toBe('done');
    await at('job-result').waitFor();
    await eventually(() => at('job-evaluation').locator('tbody tr').allTextContents()).toEqual([expect.stringMatching(/γ 3.*%.*×/)]);
    await at('job-report').click();
    await at('view-evaluation').waitFor();
    await eventually(() => at('evaluation-run').getAttribute('data-state')).toBe('done');
    await at('nav-jobs').click();
    await eventually(() => at('job-open').isEnabled()).toBe(true);
    await at('job-export-onnx').click();
    await eventually(() => at('job-exported').textContent()).toContain('.onnx');
    await at('job-open').click();
    await at('view-compare').waitFor();
    await page.keyboard.press('Control+Enter');
    for (const side of ['teacher', 'student']) await isShown(at(`image-${side}`), /\/images\//);
    expect(complaints).toEqual([]);
  }, 600_000);
});

describe('the queue', () => {
  const names = async () => (await at('job-row').locator('.name').allTextContents()).map((name) => name.trim());

  /** Starts what stands in the form under another name. */
  async function start(name: string): Promise<void> {
    await fill('job-name', name);
    await at('job-start').click();
    await page.getByRole('heading', { name, exact: true }).waitFor();
  }

  it('lets jobs wait their turn, in an order that a person can change; deleting one can be undone', async () => {
    await at('nav-jobs').click();
    await at('job-duplicate').click();
    await eventually(() => at('job-name').inputValue()).toBe(`${student}-2`);
    await fill('job-steps', '1000000');
    await start('long');
    await page.keyboard.press('n');
    await start('second');
    await page.keyboard.press('n');
    await start('third');
    await eventually(names).toEqual(['long', 'second', 'third', student]);
    await at('job-row').nth(2).press('Alt+ArrowUp');
    await eventually(names).toEqual(['long', 'third', 'second', student]);

    await at('job-row').nth(1).press('Delete');
    await eventually(names).toEqual(['long', 'second', student]);
    await at('undo').click();
    await eventually(async () => (await names()).toSorted()).toEqual(['long', student, 'second', 'third'].toSorted());
    for (const name of ['second', 'third', 'long']) {
      await at('job-row').filter({ hasText: name }).click();
      await at('job-cancel').click();
      await eventually(state).toBe('cancelled');
    }
    expect(complaints).toEqual([]);
  }, 600_000);

  it('takes a finished job and its student away together, and brings both back', async () => {
    await at('job-row').filter({ hasText: student }).click();
    await at('job-delete-model').click();
    await eventually(names).not.toContain(student);
    await at('undo').first().click();
    await eventually(names).toContain(student);
    await at('job-row').filter({ hasText: student }).click();
    await eventually(() => at('job-open').isEnabled()).toBe(true);
    expect(complaints).toEqual([]);
  }, 120_000);
});
