// What identifies a model: the bytes that determine its pictures, wherever they are stored.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { fileError } from './errors.ts';
import type { Checkpoint } from './folder.ts';

/** Hashes files and remembers the result while path, size and time of change stay the same. One instance per process is enough. */
export class FileHasher {
  readonly #known = new Map<string, { size: bigint; mtimeNs: bigint; sha256: Promise<string> }>();

  /** Lower-case hexadecimal SHA-256 of the file's bytes. Throws StudioError `not-found`, `permission`. */
  async sha256(path: string): Promise<string> {
    try {
      const { size, mtimeNs } = await stat(path, { bigint: true });
      const known = this.#known.get(path);
      if (known !== undefined && known.size === size && known.mtimeNs === mtimeNs) return await known.sha256;
      const sha256 = hashFile(path);
      this.#known.set(path, { size, mtimeNs, sha256 });
      sha256.catch(() => this.#known.delete(path));
      return await sha256;
    } catch (thrown) {
      throw fileError(thrown, path);
    }
  }
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/**
 * SHA-256 over the role and hash of every file that determines `checkpoint`'s pictures: weights and configurations, a student's teacher's
 * included; not its card, nor how it was distilled. The same model in another place or with links has the same hash.
 */
export async function hashCheckpoint(checkpoint: Checkpoint, hasher: FileHasher = new FileHasher()): Promise<string> {
  const hash = createHash('sha256');
  for (const [role, path] of filesOf(checkpoint)) hash.update(`${role}\0${await hasher.sha256(path)}\n`);
  return hash.digest('hex');
}

/** Role (the path inside a complete folder) and real path, in a fixed order. */
function filesOf({ transformer, textEncoder, vae, scheduler, tokenizer }: Checkpoint): [role: string, path: string][] {
  return [
    ['scheduler/scheduler_config.json', scheduler.configPath],
    ['text_encoder/config.json', textEncoder.configPath],
    ['text_encoder/weights', textEncoder.weights],
    ['tokenizer/tokenizer.json', tokenizer],
    ['transformer/config.json', transformer.configPath],
    ['transformer/weights', transformer.weights],
    ['vae/config.json', vae.configPath],
    ['vae/weights', vae.weights],
  ];
}
