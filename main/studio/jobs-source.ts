// Reads a job's source of prompts: the library's past ones, a text file, a pasted list, or a folder of pictures with captions.
// What comes out is fixed and hashed, so that a job that goes on later learns from the same.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { realPathWithin } from '../checkpoints/confine.ts';
import { fileError } from '../checkpoints/errors.ts';
import { StudioError } from '../contract/errors.ts';
import type { JobConfig, JobSource, SampleSubject } from '../contract/jobs.ts';
import { PromptText } from '../contract/schemas.ts';
import type { PictureItem } from '../engine/training-messages.ts';
import type { Library } from '../library/library.ts';
import { examplePrompts } from '../storybook/suggestions.ts';
import type { Material } from './jobs-files.ts';

export interface SourceAccess {
  /** Past prompts, in no matter which order, each once. */
  readonly prompts: Pick<Library['prompts'], 'list'>;
  /** The real path of one that may be read; throws 'permission', 'not-found'. */
  open(path: string): Promise<string>;
}

const maxPrompts = 100_000;
const maxPictures = 100_000;
const maxTextBytes = 16 * 2 ** 20;
/** Subjects of the samples when a person named none. */
const usualSubjects = 4;
const pictureTypes = new Set(['.png', '.jpg', '.jpeg', '.webp']);

/**
 * Throws StudioError: 'invalid-input' for a source that holds nothing or a picture without a caption, 'permission' for a path that nobody
 * allowed, 'not-found', 'corrupt-file'.
 */
export async function readMaterial(config: JobConfig, access: SourceAccess): Promise<Material> {
  const { source } = config;
  if (source.kind === 'folder') {
    const pictures = await folderPictures(await access.open(source.path));
    return { prompts: null, pictures, hash: hashOf(pictures.map(({ caption, sha256 }) => [caption, sha256])), subjects: subjectsOf(config, pictures.map(({ caption }) => caption)) };
  }
  if (source.kind === 'storybook') return { prompts: null, pictures: null, hash: 'storybook', subjects: subjectsOf(config, examplePrompts) };
  const prompts = await promptsOf(source, access);
  return { prompts, pictures: null, hash: hashOf(prompts), subjects: subjectsOf(config, prompts) };
}

async function promptsOf(source: Exclude<JobSource, { kind: 'folder' | 'storybook' }>, access: SourceAccess): Promise<string[]> {
  switch (source.kind) {
    case 'list':
      return source.prompts;
    case 'library': {
      const found = access.prompts.list({ search: source.search, limit: maxPrompts }).toSorted((a, b) => (a.lastUsedAt < b.lastUsedAt ? 1 : -1)).map(({ text }) => text);
      if (found.length > 0) return found;
      const which = source.search.trim() === '' ? 'has no prompts yet' : `has no prompt that matches "${source.search}"`;
      throw new StudioError('invalid-input', `The library ${which}.`, { hint: 'Search for other words, or make some pictures first.' });
    }
    case 'file':
      return linesOf(source.path, await textOf(await access.open(source.path)));
  }
}

function linesOf(path: string, text: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== '');
  if (lines.length === 0) throw new StudioError('invalid-input', `${path}: holds no prompt.`, { hint: 'Write one prompt a line.' });
  if (lines.length > maxPrompts) throw new StudioError('invalid-input', `${path}: holds ${lines.length} prompts; a job takes ${maxPrompts} at most.`);
  const wrong = lines.findIndex((line) => !PromptText.safeParse(line).success);
  if (wrong >= 0) throw new StudioError('invalid-input', `${path}: prompt ${wrong + 1} is too long.`);
  return lines;
}

/** Every picture of the folder itself with its caption, by name. */
async function folderPictures(folder: string): Promise<PictureItem[]> {
  const names = await readdir(folder).catch((thrown: unknown) => {
    throw fileError(thrown, folder);
  });
  const captions = names.includes('metadata.jsonl') ? await listedCaptions(folder) : await captionsBeside(folder, names);
  if (captions.size === 0) {
    throw new StudioError('invalid-input', `${folder}: holds no pictures.`, { hint: 'PNG, JPEG and WebP pictures are read, each with a .txt of the same name, or a metadata.jsonl.' });
  }
  if (captions.size > maxPictures) throw new StudioError('invalid-input', `${folder}: holds ${captions.size} pictures; a job takes ${maxPictures} at most.`);
  const items: PictureItem[] = [];
  for (const [name, caption] of [...captions].sort(([a], [b]) => (a < b ? -1 : 1))) {
    // A name in a list must not lead out of the folder, nor a link.
    const file = await realPathWithin(join(folder, name), [folder]);
    items.push({ file, caption, sha256: await fileHash(file) });
  }
  return items;
}

async function captionsBeside(folder: string, names: readonly string[]): Promise<Map<string, string>> {
  const texts = new Set(names.filter((name) => extname(name).toLowerCase() === '.txt'));
  const pictures = names.filter((name) => pictureTypes.has(extname(name).toLowerCase()));
  const captionName = (picture: string) => `${picture.slice(0, -extname(picture).length)}.txt`;
  refuseUncaptioned(folder, pictures.filter((name) => !texts.has(captionName(name))));
  const captions = new Map<string, string>();
  for (const name of pictures) captions.set(name, captionFrom(join(folder, captionName(name)), await textOf(join(folder, captionName(name)))));
  return captions;
}

/** As the data-set tools write it: one JSON object a line, `file_name` and `text`. */
async function listedCaptions(folder: string): Promise<Map<string, string>> {
  const file = join(folder, 'metadata.jsonl');
  const captions = new Map<string, string>();
  for (const [i, line] of (await textOf(file)).split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const { name, text } = listedCaption(file, i + 1, line);
    captions.set(name, captionFrom(`${file}, line ${i + 1}`, text));
  }
  return captions;
}

function listedCaption(file: string, number: number, line: string): { name: string; text: string } {
  try {
    const { file_name: name, text } = JSON.parse(line) as { file_name: unknown; text: unknown };
    if (typeof name === 'string' && name !== '' && typeof text === 'string') return { name, text };
  } catch {
    // Said below, like a line of another form.
  }
  throw new StudioError('corrupt-file', `${file}, line ${number}: must be a JSON object with "file_name" and "text".`);
}

function captionFrom(place: string, text: string): string {
  const caption = text.trim().replace(/\s+/g, ' ');
  if (caption === '') throw new StudioError('invalid-input', `${place}: the caption is empty.`);
  if (!PromptText.safeParse(caption).success) throw new StudioError('invalid-input', `${place}: the caption is too long.`);
  return caption;
}

function refuseUncaptioned(folder: string, names: readonly string[]): void {
  if (names.length === 0) return;
  const shown = names.slice(0, 3).join(', ');
  throw new StudioError('invalid-input', `${folder}: ${names.length} pictures have no caption: ${shown}${names.length > 3 ? ', …' : ''}.`, {
    hint: 'Put a .txt of the same name beside each, or a metadata.jsonl into the folder.',
  });
}

async function textOf(file: string): Promise<string> {
  try {
    if ((await stat(file)).size > maxTextBytes) throw new StudioError('invalid-input', `${file}: is too large for a file of prompts.`);
    return (await readFile(file, 'utf8')).replace(/^\ufeff/, '');
  } catch (thrown) {
    throw fileError(thrown, file);
  }
}

async function fileHash(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  } catch (thrown) {
    throw fileError(thrown, file);
  }
  return hash.digest('hex');
}

const hashOf = (content: unknown): string => createHash('sha256').update(JSON.stringify(content)).digest('hex');

/** A person's own, else a few prompts from all over the source, in the middle of the range. */
function subjectsOf({ samples, guidanceRange: [low, high] }: JobConfig, prompts: readonly string[]): SampleSubject[] {
  if (samples !== null) return samples;
  const count = Math.min(usualSubjects, prompts.length);
  const guidance = Number(((low + high) / 2).toPrecision(3));
  return Array.from({ length: count }, (_, i) => ({ prompt: prompts[Math.floor((i * prompts.length) / count)]!, seed: 7 + i, guidance }));
}
