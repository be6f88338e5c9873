// Where the command line finds the studio's own parts in a checkout.
import { join } from 'node:path';
import type { ModelsFolder } from '../checkpoints/registry.ts';

const projectRoot = join(import.meta.dirname, '..', '..');

/** Folder of the built window; not there before `npm run build`. */
export const windowDir = join(projectRoot, 'out', 'renderer');

/** The models that come with the studio. */
export const embeddedModelsDir = join(projectRoot, 'models');

/** What the project publishes of them, picture by picture; not there in an installed app. */
export const publishedFacts = join(projectRoot, 'docs', 'results', 'facts.jsonl');

/** Every folder that holds models, in the order in which a name is looked up: the caller's, the library's own, the embedded ones. */
export function modelFolders(libraryDir: string, further: readonly string[]): ModelsFolder[] {
  const own = [...further, join(libraryDir, 'models')].map((path) => ({ path, embedded: false }));
  return [...own, { path: embeddedModelsDir, embedded: true }];
}
