// Every text that was ever run, once, and how often it was used.
import type { Database } from '../database.ts';
import { promptCondition } from './search.ts';

export interface PromptUse {
  text: string;
  /** Runs outside the trash. */
  uses: number;
  lastUsedAt: string;
}

export class PromptRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The row of a text, added when it is new. */
  idOf(text: string): number {
    this.#database.run('INSERT INTO prompts (text) VALUES (:text) ON CONFLICT DO NOTHING', { text });
    return this.#database.get<{ id: number }>('SELECT id FROM prompts WHERE text = :text', { text })!.id;
  }

  /** Most used first, then newest; `search` as in the history. The empty prompt is left out. */
  list({ search = '', limit = 50 }: { search?: string; limit?: number } = {}): PromptUse[] {
    const condition = promptCondition(search);
    return this.#database.all<PromptUse>(
      `SELECT prompts.text, count(*) AS uses, max(runs.created_at) AS lastUsedAt
       FROM prompts JOIN runs ON runs.prompt_id = prompts.id AND runs.trashed_at IS NULL
       WHERE prompts.text <> '' AND ${condition?.sql ?? 'true'}
       GROUP BY prompts.id ORDER BY uses DESC, lastUsedAt DESC LIMIT :limit`,
      { ...condition?.parameters, limit },
    );
  }

  /** Forgets texts that nothing refers to any more: what a person removed is not kept in the search index. */
  removeUnused(): void {
    this.#database.run(
      `DELETE FROM prompts WHERE
         NOT EXISTS (SELECT 1 FROM runs WHERE prompt_id = prompts.id)
         AND NOT EXISTS (SELECT 1 FROM runs WHERE negative_prompt_id = prompts.id)
         AND NOT EXISTS (SELECT 1 FROM images WHERE prompt_id = prompts.id)
         AND NOT EXISTS (SELECT 1 FROM images WHERE negative_prompt_id = prompts.id)`,
    );
  }
}
