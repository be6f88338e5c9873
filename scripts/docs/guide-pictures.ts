// Takes the pictures of the user guide anew: a first student is made in the real window, on the embedded teacher, in a real Chromium.
// `node scripts/node.mjs scripts/docs/guide-pictures.ts [LIBRARY]`; with a library, what it has already made is not made again.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import sharp from 'sharp';
import { ServedStudio } from '../../tests/harness/serve.ts';
import { ensureChromium } from '../chromium.ts';
import { projectRoot } from '../tools.ts';
import { build, isStale } from '../window-build.ts';

const folder = join(projectRoot, 'docs', 'guide', 'images');
const student = 'my-first-student';
const subject = 'a red boat on the sea';
/** A busy machine takes its time. */
const patience = 3_600_000;

/** `large`: pictures fill it. A palette would speckle them; everywhere else the window has few colours, and it makes a third of the size. */
async function take(page: Page, name: string, large = false): Promise<void> {
  // Nothing is pointed at, and what moves has come to rest.
  await page.mouse.move(2, 400);
  await page.waitForTimeout(400);
  const picture = await page.screenshot({ animations: 'disabled' });
  await sharp(picture).removeAlpha().png(large ? { compressionLevel: 9, adaptiveFiltering: true } : { palette: true, quality: 92, effort: 10 }).toFile(join(folder, `${name}.png`));
  process.stdout.write(`${name}.png\n`);
}

const at = (page: Page, id: string) => page.getByTestId(id);

/** From the empty view to a running job: the preset as it stands, but for its name and one sample more. */
async function begin(page: Page): Promise<void> {
  await at(page, 'job-start').and(page.locator(':enabled')).waitFor();
  await take(page, 'jobs-empty');
  await at(page, 'job-name').fill(student);
  await at(page, 'job-name').press('Tab');
  await page.getByRole('button', { name: /^While it learns/ }).click();
  await at(page, 'job-add-sample').click();
  await at(page, 'job-sample').fill(subject);
  // Nothing else is wanted of this machine meanwhile.
  await at(page, 'job-gentle').click();
  await at(page, 'job-measure').click();
  await at(page, 'job-cost-line').filter({ hasText: /^About/ }).waitFor({ timeout: patience });
  await at(page, 'job-name').scrollIntoViewIfNeeded();
  await at(page, 'job-steps').evaluate((field) => (field as unknown as { scrollIntoView(options: object): void }).scrollIntoView({ block: 'center' }));
  await take(page, 'jobs-settings');
  await at(page, 'job-start').click();
}

/** Until the student has been drawn twice. */
async function learn(page: Page): Promise<void> {
  await page.locator('[data-testid="job-samples"]:not([data-rounds="0"]):not([data-rounds="1"])').waitFor({ timeout: patience });
  await page.waitForFunction('document.querySelectorAll("[data-testid=job-samples] canvas").length >= 2', null, { timeout: 60_000 });
  await take(page, 'jobs-learning');
}

async function finish(page: Page): Promise<void> {
  await page.locator('[data-testid="job-run"][data-state="done"]').waitFor({ timeout: patience });
  await at(page, 'job-open').and(page.locator(':enabled')).waitFor();
  await take(page, 'jobs-done');
  await at(page, 'job-sample-tile').nth(1).click();
  await at(page, 'job-sample-dialog').waitFor();
  await take(page, 'jobs-samples', true);
  await page.keyboard.press('Escape');
}

/** The student in Compare, beside its teacher. */
async function compare(page: Page): Promise<void> {
  await at(page, 'job-open').click();
  await at(page, 'view-compare').waitFor();
  await page.keyboard.press('Control+Enter');
  for (const side of ['teacher', 'student']) await at(page, `image-${side}`).waitFor({ timeout: patience });
  await at(page, 'view-compare').getByRole('button', { name: /^Models/ }).click();
  await at(page, 'student').click();
  await at(page, `option-${student}`).waitFor();
  await take(page, 'compare-student', true);
}

async function main(kept: string | undefined): Promise<void> {
  const browserPath = await ensureChromium();
  if ('reason' in browserPath) throw new Error(browserPath.reason);
  if (isStale() && !(await build())) throw new Error('The build failed; its messages stand above.');
  const library = kept ?? (await mkdtemp(join(tmpdir(), 'studio-guide-')));
  const studio = await ServedStudio.start(library);
  const browser = await chromium.launch({ executablePath: browserPath.path, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  try {
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: 'light', reducedMotion: 'reduce' })).newPage();
    await page.goto(studio.url);
    await at(page, 'nav-jobs').click();
    await at(page, 'view-jobs').waitFor();
    await page.waitForTimeout(1000);
    if ((await at(page, 'job-row').count()) === 0) await begin(page);
    else await at(page, 'job-row').first().click();
    await at(page, 'job-detail').waitFor();
    if ((await at(page, 'job-run').getAttribute('data-state')) !== 'done') await learn(page);
    await finish(page);
    await compare(page);
  } finally {
    await browser.close();
    await studio.stop();
    if (kept === undefined) await rm(library, { recursive: true, force: true });
  }
}

await main(process.argv[2]);
