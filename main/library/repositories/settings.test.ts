import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { Settings } from '../../contract/schemas.ts';
import { codeOf, openForTest, temporaryDir } from '../test-support.ts';

describe('settings', () => {
  it('are the defaults until changed, and stay changed', async () => {
    const dir = temporaryDir();
    const library = await openForTest(dir);
    const defaults = Settings.parse({});
    expect(library.settings.get()).toEqual(defaults);
    expect(library.settings.set({ theme: 'dark', threads: 0, liveGuidance: false })).toEqual({ ...defaults, theme: 'dark', liveGuidance: false });
    library.close();
    const again = await openForTest(dir);
    expect(again.settings.set({ threads: 3 })).toEqual({ ...defaults, theme: 'dark', liveGuidance: false, threads: 3 });
  });

  it('refuses a value out of range, and all that came with it', async () => {
    const { settings } = await openForTest(temporaryDir());
    expect(await codeOf(() => settings.set({ theme: 'dark', threads: -1 }))).toBe('invalid-input');
    expect(await codeOf(() => settings.set({ nonsense: 1 } as never))).toBe('invalid-input');
    expect(settings.get()).toEqual(Settings.parse({}));
  });

  it('falls back to the default where a stored value is damaged or unknown, without touching the others', async () => {
    const dir = temporaryDir();
    const library = await openForTest(dir);
    library.settings.set({ theme: 'light', threads: 4 });
    library.close();
    const connection = new Sqlite(join(dir, 'library.sqlite'));
    connection.exec(`UPDATE settings SET value = '{broken' WHERE key = 'theme'; INSERT INTO settings VALUES ('toString', '1'), ('device', '"abacus"')`);
    connection.close();
    expect((await openForTest(dir)).settings.get()).toEqual({ ...Settings.parse({}), threads: 4 });
  });
});
