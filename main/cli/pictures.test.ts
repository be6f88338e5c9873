import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { ImageRecord } from '../contract/schemas.ts';
import { copyPicture, fileName } from './pictures.ts';

const folder = mkdtempSync(join(tmpdir(), 'teefusion-pictures-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const stored = join(folder, 'stored.png');
writeFileSync(stored, 'bytes');
const image = { model: 'storybook', seed: 7, guidance: 0, sha256: 'abcdef0123'.padEnd(64, '0') } as ImageRecord;

describe('copying a picture for the person', () => {
  it('creates the folder, says in the name what it is, and leaves no half file', async () => {
    const out = join(folder, 'a', 'b');
    const path = await copyPicture(stored, image, out);
    expect(path).toBe(join(out, 'storybook-seed7-g0-abcdef01.png'));
    expect(readFileSync(path, 'utf8')).toBe('bytes');
    // Again over the first copy.
    expect(await copyPicture(stored, image, out)).toBe(path);
    expect(readdirSync(out)).toEqual([fileName(image)]);
  });

  it('into something that is no folder is an error that names the stored picture; the original stays', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await expect(copyPicture(stored, image, file)).rejects.toMatchObject({ code: 'permission', hint: expect.stringContaining(stored) });
    expect(readFileSync(stored, 'utf8')).toBe('bytes');
  });

  it('that is gone leaves nothing behind', async () => {
    const out = join(folder, 'c');
    await expect(copyPicture(join(folder, 'missing.png'), image, out)).rejects.toMatchObject({ code: 'permission' });
    expect(existsSync(out) ? readdirSync(out) : []).toEqual([]);
  });
});
