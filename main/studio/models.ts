// The models of this studio as the services need them: descriptions, identities, what a model makes of a prompt.
// Reads checkpoints' files through the registry; never loads a network, that is the engine's work.
import { stat } from 'node:fs/promises';
import { defaultStudent, ModelRegistry, type ModelsFolder } from '../checkpoints/registry.ts';
import { StudioError } from '../contract/errors.ts';
import type { ModelInfo, PromptCheck, Sampler, Vocabulary, Warning } from '../contract/schemas.ts';
import type { ModelRef } from '../engine/messages.ts';
import { vocabulary } from '../storybook/suggestions.ts';
import { openTokenizer, type PromptTokenizer } from '../text/tokenizer.ts';

export class Models {
  readonly #registry: ModelRegistry;
  readonly #tokenizers = new Map<string, { changed: number; tokenizer: PromptTokenizer }>();

  constructor(folders: readonly ModelsFolder[]) {
    this.#registry = new ModelRegistry(folders);
  }

  list(): Promise<ModelInfo[]> {
    return this.#registry.list();
  }

  /** A model that can be run. Throws 'not-found', 'corrupt-file' when it is damaged, and 'invalid-input' when it is not of this kind. */
  async runnable(id: string, kind?: ModelInfo['kind']): Promise<ModelInfo> {
    const model = (await this.list()).find((candidate) => candidate.id === id);
    if (model === undefined) throw new StudioError('not-found', `There is no model "${id}".`, { hint: 'The list of models shows which there are.' });
    if (model.problem !== null) throw new StudioError('corrupt-file', `The model "${id}" cannot be run: ${model.problem}`);
    if (kind !== undefined && model.kind !== kind) throw new StudioError('invalid-input', `The model "${id}" is a ${model.kind}, not a ${kind}.`);
    return model;
  }

  /** The student to set beside a teacher when nobody named one. Throws 'not-found' when it has none. */
  async studentOf(teacher: string, sampler: Sampler): Promise<{ id: string; warning?: Warning }> {
    return defaultStudent(await this.list(), teacher, sampler);
  }

  /** What identifies the model's files now. Throws as the registry's `hash`. */
  async ref(id: string): Promise<ModelRef> {
    return { id, hash: await this.#registry.hash(id) };
  }

  /** The timestep shift of the model's schedule. Throws as the registry's `resolve`. */
  async shift(id: string): Promise<number> {
    return (await this.#registry.resolve(id)).scheduler.config.shift;
  }

  /** Throws 'not-found', 'corrupt-file'. */
  async checkPrompt(id: string, prompt: string): Promise<PromptCheck> {
    const { tokenizer, maxTokens } = await this.#text(id);
    return tokenizer.checkPrompt(prompt, maxTokens);
  }

  /** Storybook's words for a model that knows only certain words, of these the ones that it really knows; else no list. */
  async vocabulary(id: string): Promise<Vocabulary> {
    const { tokenizer, maxTokens } = await this.#text(id);
    const all = vocabulary();
    if (tokenizer.unknownId === null) return { open: true, groups: [], examples: [...all.examples] };
    const known = (text: string) => tokenizer.checkPrompt(text, maxTokens).unknownWords.length === 0;
    return {
      open: false,
      groups: all.groups.map(({ kind, entries }) => ({ kind, entries: entries.filter(known) })).filter(({ entries }) => entries.length > 0),
      examples: all.examples.filter(known),
    };
  }

  async #text(id: string): Promise<{ tokenizer: PromptTokenizer; maxTokens: number }> {
    const { tokenizer: path, textEncoder } = await this.#registry.resolve(id);
    const { mtimeMs: changed } = await stat(path);
    let known = this.#tokenizers.get(path);
    if (known?.changed !== changed) {
      known = { changed, tokenizer: await openTokenizer(path) };
      this.#tokenizers.set(path, known);
    }
    return { tokenizer: known.tokenizer, maxTokens: textEncoder.config.max_position_embeddings };
  }
}
