// The request being composed in the left column.
import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import type { RunRecord } from '../../main/contract/schemas.ts';
import { drawSeed, effectiveGuidance, firstForm, restore, studentFor, type Form } from './form-state.ts';
import { useModels } from './models.ts';

export const useForm = defineStore('form', () => {
  const models = useModels();
  const form = ref<Form>(structuredClone(firstForm));
  const effective = computed(() => effectiveGuidance(form.value));
  const student = computed(() => studentFor(form.value, models.models));
  const teacher = computed(() => models.byId(form.value.teacher));

  function restoreFrom(run: RunRecord): void {
    form.value = restore(run, form.value);
  }

  function rollSeed(): void {
    form.value.seed = drawSeed();
  }

  return { form, effective, student, teacher, restoreFrom, rollSeed };
});
