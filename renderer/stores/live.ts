// Live guidance: asks the student for previews while the slider moves. Transitions in live-state.ts.
import { defineStore } from 'pinia';
import { computed, shallowRef, watch } from 'vue';
import type { LiveRequest } from '../../main/contract/schemas.ts';
import { useClient } from './client.ts';
import { useComparison } from './comparison.ts';
import { useForm } from './form.ts';
import { failed, framed, quiet, stop, ticketed, want, type Live, type Turn } from './live-state.ts';
import { useSettings } from './settings.ts';

export const useLive = defineStore('live', () => {
  const client = useClient();
  const form = useForm();
  const settings = useSettings();
  const comparison = useComparison();
  const live = shallowRef<Live>(quiet);
  const frame = computed(() => live.value.frame);

  client.on('live.frame', (data) => act(framed(live.value, data, performance.now())));
  client.on('live.failed', (data) => act(failed(live.value, data.ticket, data.error)));

  function act(turn: Turn): void {
    live.value = turn.live;
    if (turn.send !== null) void ask(turn.send);
  }

  async function ask(request: LiveRequest): Promise<void> {
    const result = await client.call('live.request', request);
    act(result.ok ? ticketed(live.value, result.value.ticket, performance.now()) : failed(live.value, null, result.error));
  }

  /** A run that the slider began is giving way to the next drag. */
  let givingWay: Promise<void> | null = null;

  /** The slider moved before the models were listed. */
  let early = false;
  watch(() => form.student, () => {
    if (early) void moved();
  });

  /** The slider moved. A run that Generate began is left alone; one that the slider began gives way. */
  async function moved(): Promise<void> {
    early = form.student === null;
    if (!settings.settings.liveGuidance || form.student === null || form.form.prompt.trim() === '') return;
    if (comparison.busy) {
      if (!comparison.begunBySlider || givingWay !== null) return;
      givingWay = comparison.cancel();
      await givingWay;
      givingWay = null;
    }
    const { prompt, negativePrompt, guidance, steps, seed } = form.form;
    const request = { prompt, negativePrompt, guidance, steps: Math.min(steps, 6), seed, student: form.student.id };
    act(want(live.value, request, performance.now()));
  }

  /** The slider was let go: what the preview has shown is compared in full. */
  async function released(): Promise<void> {
    early = false;
    await givingWay;
    const compares = settings.settings.liveGuidance && settings.settings.fullOnRelease;
    if (!compares || comparison.busy || live.value === quiet) return;
    const unchanged = comparison.run?.guidance === form.form.guidance && comparison.run.state === 'done';
    if (!unchanged) await comparison.compare({ bySlider: true });
  }

  /** Previews leave the panel, as soon as a run or a picture from the history takes it. */
  function clear(): void {
    if (live.value === quiet) return;
    live.value = stop();
    void client.call('live.stop', {});
  }

  return { live, frame, moved, released, clear };
});
