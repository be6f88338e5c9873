// The user's settings, one row per key. A value that cannot be read falls back to its default instead of failing.
import { Settings } from '../../contract/schemas.ts';
import { StudioError } from '../../contract/errors.ts';
import type { Database } from '../database.ts';

export class SettingsRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  get(): Settings {
    const rows = this.#database.all<{ key: string; value: string }>('SELECT key, value FROM settings');
    const stored: Record<string, unknown> = {};
    for (const { key, value } of rows) {
      const field = Object.hasOwn(Settings.shape, key) ? Settings.shape[key as keyof Settings] : undefined;
      const parsed = field?.safeParse(parseJson(value));
      if (parsed?.success) stored[key] = parsed.data;
    }
    return Settings.parse(stored);
  }

  /** Stores the given keys and returns all. Throws `invalid-input`, and stores nothing, when a value is out of range. */
  set(changes: Partial<Settings>): Settings {
    const parsed = Settings.partial().strict().safeParse(changes);
    if (!parsed.success) throw new StudioError('invalid-input', 'These settings are not valid.', { details: parsed.error.message });
    this.#database.transaction(() => {
      // Not the parsed values: parsing fills defaults in, and a default that nobody chose must stay free to change.
      for (const [key, value] of Object.entries(changes)) {
        if (value === undefined) continue;
        this.#database.run(
          'INSERT INTO settings (key, value) VALUES (:key, :value) ON CONFLICT DO UPDATE SET value = excluded.value',
          { key, value: JSON.stringify(value) },
        );
      }
    });
    return this.get();
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
