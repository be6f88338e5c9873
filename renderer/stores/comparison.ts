// Runs comparisons and follows them. The transitions are in comparison-state.ts; here are only their effects.
import { defineStore } from 'pinia';
import { computed, shallowRef } from 'vue';
import { useClient } from './client.ts';
import { accept, askToCancel, empty, goOn, isBusy, open, receive, refuse, restOf, start, type Comparison, type RunEvent } from './comparison-state.ts';
import { toRequest } from './form-state.ts';
import { useForm } from './form.ts';
import { useNotices } from './notices.ts';
import type { RunRecord, Verdict } from '../../main/contract/schemas.ts';

export const useComparison = defineStore('comparison', () => {
  const client = useClient();
  const form = useForm();
  const notices = useNotices();
  const state = shallowRef<Comparison>(empty);
  /** Whether the run was begun by releasing the slider; only such a run gives way to the next drag. */
  const begunBySlider = shallowRef(false);

  const busy = computed(() => isBusy(state.value));
  /** What the panels show: a refusal changes nothing there. */
  const display = computed(() => (state.value.kind === 'refused' ? state.value.previous : state.value));
  const refusal = computed(() => (state.value.kind === 'refused' ? state.value.error : null));
  const run = computed(() => ('run' in display.value ? display.value.run : null));
  const pair = computed(() => ('pair' in display.value ? display.value.pair : null));
  const mayRun = computed(() => !busy.value && form.form.prompt.trim() !== '');

  const follow = (told: RunEvent) => {
    state.value = receive(state.value, told);
  };
  client.on('run.started', (data) => follow({ event: 'run.started', data }));
  client.on('run.step', (data) => follow({ event: 'run.step', data }));
  client.on('run.image', (data) => follow({ event: 'run.image', data }));
  client.on('run.ended', (data) => follow({ event: 'run.ended', data }));
  client.on('run.changed', (data) => follow({ event: 'run.changed', data }));
  client.on('run.deleted', (data) => follow({ event: 'run.deleted', data }));

  async function compare(options: { bySlider: boolean } = { bySlider: false }): Promise<void> {
    if (!mayRun.value) return;
    if (!form.form.seedLocked && !options.bySlider) form.rollSeed();
    begunBySlider.value = options.bySlider;
    state.value = start(state.value);
    const result = await client.call('runs.compare', toRequest(form.form));
    state.value = result.ok ? accept(state.value, result.value) : refuse(state.value, result.error);
    if (state.value.kind === 'running' && state.value.cancelling) await stopRun(state.value.run.id);
  }

  /** Asked before the host has answered, it takes effect as soon as the run has a name. */
  async function cancel(): Promise<void> {
    if (!busy.value) return;
    state.value = askToCancel(state.value);
    if (state.value.kind === 'running') await stopRun(state.value.run.id);
  }

  async function stopRun(id: string): Promise<void> {
    const result = await client.call('runs.cancel', { run: id });
    if (result.ok) follow({ event: 'run.changed', data: { run: result.value } });
    else {
      state.value = goOn(state.value);
      notices.fail(result.error);
    }
  }

  function dismissRefusal(): void {
    state.value = restOf(state.value);
  }

  /** Shows a run of the history and takes its settings over. A run that is going on goes on. */
  function show(record: RunRecord): void {
    state.value = open(record);
    form.restoreFrom(record);
  }

  async function judge(verdict: Verdict): Promise<void> {
    if (display.value.kind !== 'shown') return;
    const record = display.value.run;
    const next = record.verdict === verdict ? null : verdict;
    follow({ event: 'run.changed', data: { run: { ...record, verdict: next } } });
    const result = await client.call('runs.verdict', { run: record.id, verdict: next });
    follow({ event: 'run.changed', data: { run: result.ok ? result.value : record } });
    if (!result.ok) notices.fail(result.error);
  }

  /** After a lost connection: what has become of the shown run meanwhile. */
  async function refresh(): Promise<void> {
    if (run.value === null) return;
    const result = await client.call('runs.get', { run: run.value.id });
    if (result.ok) follow({ event: 'run.changed', data: { run: result.value } });
  }

  return { state: display, refusal, busy, run, pair, mayRun, begunBySlider, compare, cancel, show, judge, refresh, dismissRefusal };
});
