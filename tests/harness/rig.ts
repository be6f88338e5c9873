// What both suites in Chromium share: the build, the models, the machine's Chromium, folders that go away.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { chromium, type Browser, type BrowserContext, type Locator, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { findChromium } from '../../scripts/chromium.ts';
import { build, isStale } from '../../scripts/window-build.ts';
import { createTinyCheckpoint, createTinyStudent } from '../fixtures/tiny.ts';

export const root = join(import.meta.dirname, '..', '..');

/** Path of a Chromium, or the reason for skipping, as a test's name shows it. */
export const chromiumPath = findChromium();
export const withoutChromium = 'no Chromium or Chrome on this machine (set TEEFUSION_CHROMIUM to one)';

/** The machine's Chromium without a window. Only where `chromiumPath` is not null. */
export function openBrowser(): Promise<Browser> {
  if (chromiumPath === null) throw new Error(withoutChromium);
  return chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** An empty page that tells every error of its own and every line that it writes to its console as one. */
export async function openPage(context: BrowserContext, complain: (text: string) => void): Promise<Page> {
  const page = await context.newPage();
  page.on('pageerror', (error) => complain(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') complain(message.text());
  });
  return page;
}

/** Builds out/ unless it is newer than every source; `npm test` has just built it. */
export async function ensureBuild(): Promise<void> {
  if (isStale() && !(await build())) throw new Error('The build failed; its messages stand above.');
}

/**
 * Sees to it that `storybook` and `storybook-teefusion` can be run from this library: the embedded models where they are
 * complete, else a tiny pair with random weights under the same names.
 */
export async function provideModels(libraryDir: string): Promise<void> {
  const embedded = ['storybook', 'storybook-teefusion'].every((name) => existsSync(join(root, 'models', name, 'model_index.json')));
  if (embedded) return;
  const models = join(libraryDir, 'models');
  await createTinyCheckpoint(models);
  await createTinyStudent(models);
}

export interface StoredRun {
  kind: string;
  id: string;
  state: string;
  prompt: string;
  guidance: number;
  steps: number;
  seed: number;
  verdict: string | null;
  images: { id: string; role: string; nfe: number; sha256: string }[];
}

/** The library's runs as SQLite holds them, newest first, read beside whoever owns it. */
export function readRuns(libraryDir: string): StoredRun[] {
  const database = new Database(join(libraryDir, 'library.sqlite'), { readonly: true, fileMustExist: true });
  try {
    const runs = database
      .prepare('SELECT runs.*, prompts.text AS prompt FROM runs JOIN prompts ON prompts.id = runs.prompt_id WHERE trashed_at IS NULL ORDER BY seq DESC')
      .all() as (Omit<StoredRun, 'images'> & { seq: number })[];
    const images = database.prepare('SELECT id, role, nfe, sha256 FROM images WHERE run_seq = ? ORDER BY seq');
    return runs.map(({ seq, ...run }) => ({ ...run, images: images.all(seq) as StoredRun['images'] }));
  } finally {
    database.close();
  }
}

/** Waits for a value; page, host and engine work at their own pace, and other work may slow them all. */
export const eventually = <T>(read: () => T | Promise<T>) => expect.poll(read, { timeout: 30_000, interval: 100 });

/** Waits until an `<img>` really shows a picture: loaded, decoded, of some size, on the screen. */
export async function isShown(image: Locator, address: RegExp): Promise<void> {
  await image.waitFor({ state: 'visible', timeout: 90_000 });
  await eventually(() => image.evaluate((element) => (element as unknown as { naturalWidth: number }).naturalWidth)).toBeGreaterThan(0);
  expect(await image.getAttribute('src')).toMatch(address);
}
