// The judged pictures of an evaluation as rows of one prompt each, of which pages arrive as they are looked at. Pure.
import type { EvaluatedPicture, JudgedFact } from '../../main/contract/evaluation.ts';

/** One prompt with what every shown cell made of it. */
export interface PromptRow {
  /** Number in the list of prompts. */
  index: number;
  prompt: string;
  seed: number;
  /** By the cell's key. */
  pictures: ReadonlyMap<string, EvaluatedPicture>;
}

/** What is looked at; another query begins other pages. */
export interface PictureView {
  evaluation: string;
  cells: readonly string[];
  wrong: 'any' | JudgedFact | null;
}

export interface Pages {
  view: PictureView | null;
  /** Rows that the view has; null until the first page is there. */
  total: number | null;
  /** By place in the view. */
  rows: ReadonlyMap<number, PromptRow>;
  /** Numbers of the pages that were asked for. */
  asked: ReadonlySet<number>;
}

export const pageSize = 40;
export const noPages: Pages = { view: null, total: null, rows: new Map(), asked: new Set() };

export function viewing(view: PictureView | null): Pages {
  return { ...noPages, view };
}

/** Pages that hold the places `from` to `to` and have not been asked for; the first one also when there are no rows (yet). */
export function missingPages(pages: Pages, from: number, to: number): number[] {
  const last = Math.max(0, Math.ceil((pages.total ?? 0) / pageSize) - 1);
  const first = Math.max(0, Math.floor(from / pageSize));
  const wanted: number[] = [];
  for (let page = first; page <= Math.min(last, Math.floor(to / pageSize)); page += 1) if (!pages.asked.has(page)) wanted.push(page);
  return wanted;
}

export function ask(pages: Pages, page: number): Pages {
  return { ...pages, asked: new Set(pages.asked).add(page) };
}

/** Pictures may have been added: every page may be asked for again, what is known stays until it has come. */
export function stale(pages: Pages): Pages {
  return { ...pages, asked: new Set() };
}

/** A page could not be had: it may be asked for again. */
export function unask(pages: Pages, page: number): Pages {
  return { ...pages, asked: new Set([...pages.asked].filter((other) => other !== page)) };
}

/** A page has come: its pictures, prompt by prompt, and how many prompts the view has. */
export function take(pages: Pages, page: number, answer: { pictures: readonly EvaluatedPicture[]; prompts: number }): Pages {
  const rows = new Map(pages.rows);
  const byPrompt = Map.groupBy(answer.pictures, (picture) => picture.index);
  let place = page * pageSize;
  for (const [index, pictures] of byPrompt) {
    const first = pictures[0];
    if (first === undefined) continue;
    rows.set(place, { index, prompt: first.prompt, seed: first.seed, pictures: new Map(pictures.map((picture) => [picture.cell, picture])) });
    place += 1;
  }
  return { ...pages, total: answer.prompts, rows };
}
