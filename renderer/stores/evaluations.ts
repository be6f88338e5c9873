// The evaluations of the library: list, progress, the one that is open with its report, and what can be done with them.
import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';
import type { ErrorData } from '../../main/contract/errors.ts';
import type { EvaluateRequest, EvaluationRecord, EvaluationReport } from '../../main/contract/evaluation.ts';
import { useClient } from './client.ts';
import { compose, firstEvaluation, firstPair, quickRequest, restoreEvaluation, type EvaluationForm } from './evaluation-form.ts';
import { advance, isActive, listed, mayResume, neighbour, noEvaluations, put, remove } from './evaluation-list.ts';
import { useModels } from './models.ts';
import { useNotices } from './notices.ts';

/** What there is to read of the open evaluation. `none`: it has no report (yet). */
export type ReportState =
  | { kind: 'none' }
  | { kind: 'loading' }
  | { kind: 'ready'; report: EvaluationReport }
  | { kind: 'failed'; error: ErrorData };

export const parts = ['overview', 'cells', 'pictures'] as const;
/** What of an evaluation is looked at. */
export type Part = (typeof parts)[number];

export const useEvaluations = defineStore('evaluations', () => {
  const client = useClient();
  const models = useModels();
  const notices = useNotices();
  const list = shallowRef(noEvaluations);
  const loaded = ref(false);
  const error = ref<ErrorData | null>(null);
  /** null: the page that begins a new one. */
  const openId = ref<string | null>(null);
  const report = shallowRef<ReportState>({ kind: 'none' });
  const part = ref<Part>('overview');
  /** What was looked at before a running evaluation was opened. */
  let partBefore: Part | null = null;
  const form = shallowRef<EvaluationForm>(firstEvaluation);
  const starting = ref(false);
  /** Why the host did not take the last one that was asked for. */
  const refusal = ref<ErrorData | null>(null);
  /** Evaluations that were asked to stop and have not yet. */
  const cancelling = ref(new Set<string>());

  const open = computed(() => list.value.records.find((record) => record.id === openId.value) ?? null);
  const progress = computed(() => (openId.value === null ? null : (list.value.progress.get(openId.value) ?? null)));
  const quick = computed(() => quickRequest(models.models));

  client.on('evaluation.changed', ({ evaluation }) => keep(evaluation));
  client.on('evaluation.deleted', ({ evaluation }) => forget(evaluation));
  client.on('evaluation.progress', (told) => {
    list.value = advance(list.value, told);
  });

  function keep(record: EvaluationRecord): void {
    const before = list.value.records.find((known) => known.id === record.id);
    list.value = put(list.value, record);
    if (!isActive(record.state)) cancelling.value.delete(record.id);
    // Told again in the same state, its report may have been put together meanwhile.
    if (record.id === openId.value && (before?.state !== record.state || report.value.kind === 'none')) void loadReport();
  }

  function forget(id: string): void {
    list.value = remove(list.value, id);
    if (openId.value === id) show(null);
  }

  async function load(): Promise<void> {
    const result = await client.call('evaluations.list', {});
    error.value = result.ok ? null : result.error;
    if (result.ok) {
      list.value = listed(list.value, result.value.evaluations);
      if (openId.value !== null && open.value === null) show(null);
      else if (open.value !== null) await loadReport();
    }
    loaded.value = true;
  }

  /** Opens an evaluation, or with null the page that begins one. */
  function show(id: string | null): void {
    if (id === openId.value) return;
    openId.value = id;
    report.value = { kind: 'none' };
    choosePart();
    if (id !== null) void loadReport();
  }

  /** While an evaluation runs there is nothing but pictures to look at; after it, the next one opens as before. */
  function choosePart(): void {
    const active = open.value !== null && isActive(open.value.state);
    if (active && part.value !== 'pictures') [partBefore, part.value] = [part.value, 'pictures'];
    else if (!active && open.value !== null && partBefore !== null) [part.value, partBefore] = [partBefore, null];
  }

  function walk(by: 1 | -1): void {
    const record = neighbour(list.value, openId.value, by);
    if (record !== null) show(record.id);
  }

  async function loadReport(): Promise<void> {
    const id = openId.value;
    if (id === null) return;
    if (report.value.kind !== 'ready') report.value = { kind: 'loading' };
    const result = await client.call('evaluations.get', { evaluation: id });
    if (id !== openId.value) return; // another one was opened meanwhile
    if (!result.ok) report.value = { kind: 'failed', error: result.error };
    else if (result.value.report === null) report.value = { kind: 'none' };
    else report.value = { kind: 'ready', report: result.value.report };
  }

  /** The form as it is first seen: with the models that belong together, and none that is gone. */
  function prepare(): void {
    if (!models.loaded) return;
    const there = form.value.models.filter((id) => models.byId(id) !== null);
    if (there.length === 0 || there.length < form.value.models.length) form.value = { ...form.value, models: there.length > 0 ? there : firstPair(models.models) };
  }

  function change(changed: Partial<EvaluationForm>): void {
    form.value = { ...form.value, ...changed };
    refusal.value = null;
  }

  /** Everything of an earlier evaluation in the form, to be asked again with changes. */
  function repeat(record: EvaluationRecord): void {
    form.value = restoreEvaluation(record.request);
    refusal.value = null;
    show(null);
  }

  async function start(request: EvaluateRequest): Promise<void> {
    if (starting.value) return;
    starting.value = true;
    const result = await client.call('evaluations.start', request);
    starting.value = false;
    refusal.value = result.ok ? null : result.error;
    if (!result.ok) return;
    keep(result.value);
    show(result.value.id);
  }

  async function startForm(): Promise<void> {
    const composed = compose(form.value);
    if (composed.ok) await start(composed.request);
  }

  async function startQuick(): Promise<void> {
    if (quick.value !== null) await start(quick.value);
  }

  async function cancel(id: string): Promise<void> {
    cancelling.value.add(id);
    const result = await client.call('evaluations.cancel', { evaluation: id });
    cancelling.value.delete(id);
    if (result.ok) keep(result.value);
    else notices.fail(result.error);
  }

  async function resume(id: string): Promise<void> {
    const result = await client.call('evaluations.resume', { evaluation: id });
    if (result.ok) keep(result.value);
    else notices.fail(result.error);
  }

  /** Moves an evaluation to the trash. Resolves with a way back, or null when the host refused. */
  async function drop(id: string): Promise<(() => Promise<void>) | null> {
    const shown = openId.value === id;
    const result = await client.call('evaluations.delete', { evaluation: id });
    if (!result.ok) {
      notices.fail(result.error);
      return null;
    }
    forget(id);
    return async () => {
      const restored = await client.call('evaluations.restore', { evaluation: id });
      if (!restored.ok) return notices.fail(restored.error);
      keep(restored.value);
      if (shown && openId.value === null) show(id);
    };
  }

  return {
    list, loaded, error, openId, open, progress, report, part, form, starting, refusal, cancelling, quick,
    load, loadReport, show, walk, prepare, change, repeat, start, startForm, startQuick, cancel, resume, drop, mayResume,
  };
});
