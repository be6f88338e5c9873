import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeEach, describe, expect, it } from 'vitest';
import { JobConfig, type JobSource } from '../contract/jobs.ts';
import { pictureFiles } from '../engine/training-sources.ts';
import { AllowedPaths } from './jobs-paths.ts';
import { readMaterial, type SourceAccess } from './jobs-source.ts';
import { temporaryFolder } from './testing/jobs.ts';

let folder: string;
beforeEach(async () => {
  folder = join(await temporaryFolder('source'), 'pictures');
  await mkdir(folder);
});

const used = (text: string, lastUsedAt: string) => ({ text, uses: 1, lastUsedAt });
const access = (changes: Partial<SourceAccess> = {}): SourceAccess => ({ prompts: { list: () => [] }, open: (path) => Promise.resolve(path), ...changes });
const material = (source: JobSource, changes: Partial<SourceAccess> = {}) =>
  readMaterial(JobConfig.parse({ source, pointsFrom: 'trajectories', guidanceRange: [2, 6] }), access(changes));
const refusal = (source: JobSource, changes: Partial<SourceAccess> = {}) => material(source, changes).then(() => expect.fail('was accepted'), (thrown: unknown) => thrown);

const png = (width: number, height: number, background: string) => sharp({ create: { width, height, channels: 3, background } }).png().toBuffer();
async function picture(name: string, caption: string | null): Promise<void> {
  await writeFile(join(folder, name), await png(20, 10, '#ff0000'));
  if (caption !== null) await writeFile(join(folder, name.replace(/\.[^.]+$/, '.txt')), caption);
}

describe('prompts', () => {
  it('of a file are its lines, of a list the list; both have a hash that tells them apart', async () => {
    const file = join(folder, 'prompts.txt');
    await writeFile(file, '\ufeffa red ball\r\n\n  a blue boat  \n');
    const read = await material({ kind: 'file', path: file });
    expect(read).toMatchObject({ prompts: ['a red ball', 'a blue boat'], pictures: null });
    expect(read.hash).toBe((await material({ kind: 'list', prompts: ['a red ball', 'a blue boat'] })).hash);
    expect(read.hash).not.toBe((await material({ kind: 'list', prompts: ['a blue boat', 'a red ball'] })).hash);
  });

  it('of the library are the newest first; none that match is said', async () => {
    const prompts = { list: ({ search }: { search?: string } = {}) => [used('old', '2026-01-01'), used('new', '2026-02-01')].filter(({ text }) => text.includes(search ?? '')) };
    expect((await material({ kind: 'library', search: '' }, { prompts })).prompts).toEqual(['new', 'old']);
    expect(await refusal({ kind: 'library', search: 'cat' }, { prompts })).toMatchObject({ code: 'invalid-input', message: expect.stringContaining('"cat"') });
  });

  it('that are missing, empty or too long are refused with the file and the place', async () => {
    const file = join(folder, 'prompts.txt');
    expect(await refusal({ kind: 'file', path: file })).toMatchObject({ code: 'not-found' });
    await writeFile(file, ' \n\n');
    expect(await refusal({ kind: 'file', path: file })).toMatchObject({ code: 'invalid-input', message: expect.stringContaining('holds no prompt') });
    await writeFile(file, `a\n${'b'.repeat(3000)}`);
    expect(await refusal({ kind: 'file', path: file })).toMatchObject({ message: expect.stringContaining('prompt 2') });
  });

  it('for samples are spread over the source, in the middle of the range, unless a person chose', async () => {
    const prompts = Array.from({ length: 8 }, (_, i) => `prompt ${i}`);
    expect((await material({ kind: 'list', prompts })).subjects).toEqual([0, 2, 4, 6].map((at, i) => ({ prompt: `prompt ${at}`, seed: 7 + i, guidance: 4 })));
    expect((await material({ kind: 'storybook' })).subjects).toHaveLength(4);
    const own = [{ prompt: 'mine', seed: 1, guidance: 3 }];
    expect((await readMaterial(JobConfig.parse({ samples: own }), access())).subjects).toEqual(own);
  });
});

describe('a folder of pictures', () => {
  const source = (): JobSource => ({ kind: 'folder', path: folder });

  it('takes captions from the texts beside the pictures, in the order of names, whatever else is there', async () => {
    await picture('b.PNG', 'a blue\n ball ');
    await picture('a.jpg', 'a red ball');
    await writeFile(join(folder, 'notes.md'), 'no picture');
    const { pictures, prompts, hash } = await material(source());
    expect(prompts).toBeNull();
    expect(pictures).toEqual([['a.jpg', 'a red ball'], ['b.PNG', 'a blue ball']].map(([name, caption]) => ({ file: join(folder, name!), caption, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) })));
    await writeFile(join(folder, 'a.txt'), 'a green ball');
    expect((await material(source())).hash).not.toBe(hash);
  });

  it('takes captions from metadata.jsonl', async () => {
    await picture('x.png', null);
    await writeFile(join(folder, 'metadata.jsonl'), '{"file_name": "x.png", "text": "a cat"}\n\n');
    expect((await material(source())).pictures).toMatchObject([{ caption: 'a cat' }]);
    await writeFile(join(folder, 'metadata.jsonl'), '{"file_name": "x.png"}');
    expect(await refusal(source())).toMatchObject({ code: 'corrupt-file', message: expect.stringContaining('line 1') });
    await writeFile(join(folder, 'metadata.jsonl'), '{"file_name": "y.png", "text": "a dog"}');
    expect(await refusal(source())).toMatchObject({ code: 'not-found' });
  });

  it('is not left by a name or a link', async () => {
    await writeFile(join(folder, '..', 'secret.png'), 'secret');
    await writeFile(join(folder, 'metadata.jsonl'), '{"file_name": "../secret.png", "text": "a secret"}');
    expect(await refusal(source())).toMatchObject({ code: 'permission' });
    await symlink(join(folder, '..', 'secret.png'), join(folder, 'link.png'));
    await writeFile(join(folder, 'metadata.jsonl'), '{"file_name": "link.png", "text": "a secret"}');
    expect(await refusal(source())).toMatchObject({ code: 'permission' });
  });

  it('without pictures, or with pictures that have no caption, is refused by name', async () => {
    expect(await refusal(source())).toMatchObject({ code: 'invalid-input', message: expect.stringContaining('holds no pictures') });
    await picture('a.png', 'a');
    await picture('b.png', null);
    expect(await refusal(source())).toMatchObject({ code: 'invalid-input', message: expect.stringContaining('1 pictures have no caption: b.png') });
    await writeFile(join(folder, 'b.txt'), '  ');
    expect(await refusal(source())).toMatchObject({ message: expect.stringContaining('caption is empty') });
  });

  it('gives pictures of the teacher\'s size, and refuses one that has changed or cannot be read', async () => {
    await picture('a.png', 'a');
    const { pictures } = await material(source());
    const read = pictureFiles(pictures!, 16);
    const { rgb, width, height } = await read.picture(0);
    expect([width, height, rgb.length, read.caption(0), read.count]).toEqual([16, 16, 16 * 16 * 3, 'a', 1]);
    expect([...rgb.slice(0, 3)]).toEqual([255, 0, 0]);
    await writeFile(join(folder, 'a.png'), await png(20, 10, '#00ff00'));
    await expect(read.picture(0)).rejects.toMatchObject({ code: 'invalid-input', message: expect.stringContaining('has changed') });
    await writeFile(join(folder, 'a.png'), 'no picture');
    await expect(pictureFiles((await material(source())).pictures!, 16).picture(0)).rejects.toMatchObject({ code: 'corrupt-file', message: expect.stringContaining('a.png') });
  });
});

it('only what a person allowed is opened, whatever links say', async () => {
  const [inside, outside] = [join(folder, 'in'), join(folder, 'out')];
  await mkdir(inside);
  await mkdir(outside);
  await symlink(outside, join(inside, 'link'));
  const allowed = new AllowedPaths([inside]);
  expect(await allowed.open(inside)).toBe(inside);
  await expect(allowed.open(join(inside, 'link'))).rejects.toMatchObject({ code: 'permission', hint: expect.stringContaining('--allow') });
  await expect(allowed.open(outside)).rejects.toMatchObject({ code: 'permission' });
  await expect(allowed.open(join(folder, 'nothing'))).rejects.toMatchObject({ code: 'permission' });
  await expect(allowed.open(join(inside, 'nothing'))).rejects.toMatchObject({ code: 'not-found' });
  allowed.allow(outside);
  expect(await allowed.open(join(inside, 'link'))).toBe(outside);
});
