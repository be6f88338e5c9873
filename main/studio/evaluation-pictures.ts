// The judged pictures of an evaluation for looking at: pages of prompts, filtered by what went wrong.
// Reads records as far as they are written, also while an evaluation is at work; keeps those of the last one looked at.
import type { EvaluatedPicture, PictureQuery } from '../contract/evaluation.ts';
import type { EvaluationStore, PlannedEvaluation } from './evaluation-files.ts';
import { readRecords } from './evaluation-log.ts';
import { pictureKey } from './evaluation-order.ts';

interface Known {
  readonly id: string;
  readonly plan: PlannedEvaluation;
  /** Where the records that are known end in the file. */
  end: number;
  readonly pictures: Map<string, EvaluatedPicture>;
}

export class PictureReader {
  readonly #store: EvaluationStore;
  #known: Known | null = null;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(store: EvaluationStore) {
    this.#store = store;
  }

  /** Throws StudioError: 'not-found', 'corrupt-file'. */
  async page({ evaluation, cells, wrong, offset, limit }: PictureQuery): Promise<{ pictures: EvaluatedPicture[]; prompts: number }> {
    const { plan, pictures } = await this.#refresh(evaluation);
    const keys = plan.cells.map(({ key }) => key).filter((key) => cells === undefined || cells.includes(key));
    const rows = plan.prompts.map((_, index) => keys.flatMap((key) => pictures.get(pictureKey(key, index)) ?? []));
    const matching = rows.filter((row) => row.length > 0 && (wrong === undefined || row.some((picture) => isWrong(picture, wrong))));
    return { pictures: matching.slice(offset, offset + limit).flat(), prompts: matching.length };
  }

  /** Pictures that are drawn and judged. Throws as `page`. */
  async count(evaluation: string): Promise<number> {
    return (await this.#refresh(evaluation)).pictures.size;
  }

  /** One after the other: two readers of one growing file would read parts of it twice. */
  #refresh(id: string): Promise<Known> {
    const next = this.#reading.then(() => this.#read(id));
    this.#reading = next.catch(() => {});
    return next;
  }

  async #read(id: string): Promise<Known> {
    const folder = this.#store.folder(id);
    const known = this.#known?.id === id ? this.#known : { id, plan: await folder.plan(), end: 0, pictures: new Map<string, EvaluatedPicture>() };
    const { records, end } = await readRecords(folder.records, known.end);
    for (const { cell, index, prompt, seed, facts, allCorrect, seen, ms } of records) {
      known.pictures.set(pictureKey(cell, index), { cell, index, prompt, seed, facts, allCorrect, seen, ms });
    }
    known.end = end;
    return (this.#known = known);
  }
}

function isWrong({ facts, allCorrect }: EvaluatedPicture, wrong: NonNullable<PictureQuery['wrong']>): boolean {
  return wrong === 'any' ? allCorrect === false : facts?.[wrong] === false;
}
