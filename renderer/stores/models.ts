// The models on this machine and the words each of them knows.
import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import type { ErrorData } from '../../main/contract/errors.ts';
import type { ModelInfo, Vocabulary } from '../../main/contract/schemas.ts';
import { useClient } from './client.ts';

export const useModels = defineStore('models', () => {
  const client = useClient();
  const models = ref<ModelInfo[]>([]);
  const loaded = ref(false);
  const error = ref<ErrorData | null>(null);
  const vocabularies = ref(new Map<string, Vocabulary>());

  const teachers = computed(() => models.value.filter((model) => model.kind === 'teacher'));
  const students = computed(() => models.value.filter((model) => model.kind === 'student'));

  // A student has been learned, thrown away or taken back.
  client.on('models.changed', () => void load());

  async function load(): Promise<void> {
    const result = await client.call('models.list', {});
    if (result.ok) models.value = result.value;
    error.value = result.ok ? null : result.error;
    loaded.value = true;
  }

  /** Asked once per model; without an answer there are simply no suggestions. */
  async function loadVocabulary(model: string): Promise<void> {
    if (vocabularies.value.has(model)) return;
    const result = await client.call('models.vocabulary', { model });
    if (result.ok) vocabularies.value.set(model, result.value);
  }

  function byId(id: string | null): ModelInfo | null {
    return models.value.find((model) => model.id === id) ?? null;
  }

  return { models, teachers, students, loaded, error, vocabularies, load, loadVocabulary, byId };
});
