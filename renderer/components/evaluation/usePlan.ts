// What a request would draw and cost, asked of the host while a person is still choosing.
import { useDebounceFn } from '@vueuse/core';
import { shallowRef, watch, type Ref } from 'vue';
import type { ErrorData } from '../../../main/contract/errors.ts';
import type { EvaluateRequest, EvaluationPlan } from '../../../main/contract/evaluation.ts';
import { useClient } from '../../stores/client.ts';
import { useModels } from '../../stores/models.ts';

export interface PlanState {
  /** The last one that is known, also while the next is asked for: figures do not flicker. */
  plan: EvaluationPlan | null;
  error: ErrorData | null;
}

/** Follows `request`; null stands for a form that cannot be asked for yet. */
export function usePlan(request: Readonly<Ref<EvaluateRequest | null>>): Readonly<Ref<PlanState>> {
  const client = useClient();
  const models = useModels();
  const state = shallowRef<PlanState>({ plan: null, error: null });

  const ask = useDebounceFn(async (wanted: EvaluateRequest) => {
    const result = await client.call('evaluations.plan', wanted);
    if (wanted !== request.value) return; // changed meanwhile
    state.value = result.ok ? { plan: result.value, error: null } : { plan: null, error: result.error };
  }, 200);

  // The models are read again when one has come or gone, and when the line to the host is back: then the answer may be another.
  watch([request, () => models.models], ([wanted]) => {
    if (wanted === null) state.value = { plan: null, error: null };
    else void ask(wanted);
  }, { immediate: true });

  return state;
}
