// JSON files of a checkpoint: read with a schema, written atomically.
import { readFile, stat } from 'node:fs/promises';
import type { z } from 'zod';
import { StudioError } from '../contract/errors.ts';
import { writeFileAtomic } from './atomic.ts';
import { corruptFile, fileError } from './errors.ts';

/** Far above any real configuration or tokenizer, far below what hurts. */
const maxJsonBytes = 64 * 2 ** 20;

/**
 * Reads `path` and checks it against `schema`.
 * Throws StudioError that names the file and the key: `corrupt-file`; `unsupported` when the only fault is a value outside
 * the list of those the studio can compute; `not-found`, `permission`.
 */
export async function readJson<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S>> {
  const parsed = schema.safeParse(parseJson(await readText(path, maxJsonBytes), path));
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  // What else is missing from a file of another kind tells a person nothing.
  const otherKind = issues.filter((issue) => issue.code === 'invalid_value' && (issue.path[0] === '_class_name' || issue.path[0] === 'architectures'));
  const told = (otherKind.length > 0 ? otherKind : issues).slice(0, 5);
  const code = told.every((issue) => issue.code === 'invalid_value') ? 'unsupported' : 'corrupt-file';
  throw new StudioError(code, `${path}: ${told.map(describeIssue).join('; ')}.`);
}

function describeIssue({ path: keys, message }: z.core.$ZodIssue): string {
  const reason = message.replace(/^Invalid (input|option): /, '');
  return keys.length === 0 ? reason : `"${keys.join('.')}": ${reason}`;
}

/** The text of a file of at most `maxBytes` bytes. Throws as `readJson`. */
export async function readText(path: string, maxBytes: number): Promise<string> {
  try {
    const stats = await stat(path);
    if (!stats.isFile()) throw corruptFile(path, 'is not a file.');
    if (stats.size > maxBytes) throw corruptFile(path, `is too large (${stats.size} bytes).`);
    return await readFile(path, 'utf8');
  } catch (thrown) {
    throw fileError(thrown, path);
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw corruptFile(path, 'is not valid JSON.', thrown);
  }
}

/** Writes `value` as indented JSON; errors as `writeFileAtomic`. */
export function writeJson(path: string, value: unknown): Promise<void> {
  return writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}
