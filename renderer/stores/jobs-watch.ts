// What is to be seen of the open job and of those laid over it: measured curves, and sample pictures with their pixels.
import { defineStore } from 'pinia';
import { computed, ref, shallowRef, watch } from 'vue';
import type { ErrorData } from '../../main/contract/errors.ts';
import type { JobMetrics, JobSample } from '../../main/contract/jobs.ts';
import type { RgbPicture } from '../../main/contract/schemas.ts';
import { useClient } from './client.ts';
import { useEngine } from './engine.ts';
import { extended, mostRows, noMetrics } from './jobs-metrics.ts';
import { has, pictureKey, withSample } from './jobs-samples.ts';
import { useJobs } from './jobs.ts';

/** Pictures of 128×128 take 64 KB each. */
const mostPictures = 600;
const points = 1500;

export const useJobWatch = defineStore('job-watch', () => {
  const client = useClient();
  const engine = useEngine();
  const jobs = useJobs();
  /** By job, of the open one and of those that are laid over it. */
  const curves = shallowRef<ReadonlyMap<string, JobMetrics>>(new Map());
  /** The open one's, over the steps that are zoomed to, row by row where that is possible. */
  const detail = shallowRef<{ range: readonly [number, number]; metrics: JobMetrics } | null>(null);
  const overlay = ref<readonly string[]>([]);
  const samples = shallowRef<readonly JobSample[]>([]);
  const pictures = shallowRef<ReadonlyMap<string, RgbPicture>>(new Map());
  const error = ref<ErrorData | null>(null);
  const asked = new Set<string>();

  const opened = computed(() => (jobs.openId === null ? noMetrics : (curves.value.get(jobs.openId) ?? noMetrics)));

  client.on('job.metrics', ({ job, metrics }) => {
    const known = curves.value.get(job);
    if (known === undefined) return;
    const next = extended(known, metrics);
    curves.value = new Map(curves.value).set(job, next);
    if (next.step.length > mostRows) void loadCurve(job);
  });
  client.on('job.sample', (sample) => {
    if (sample.job === jobs.openId) samples.value = withSample(samples.value, sample);
  });
  client.on('job.deleted', ({ job }) => {
    overlay.value = overlay.value.filter((id) => id !== job);
  });

  watch(() => jobs.openId, (id) => {
    samples.value = [];
    detail.value = null;
    error.value = null;
    overlay.value = overlay.value.filter((other) => other !== id);
    if (id !== null) void load(id);
  }, { immediate: true });
  // What was measured while the line was down is in no curve that is kept here.
  watch(() => engine.connection, (now, before) => {
    if (now !== 'connected' || before !== 'lost') return;
    const shown = new Set(overlay.value);
    curves.value = new Map([...curves.value].filter(([id]) => id === jobs.openId || shown.has(id)));
    for (const id of shown) void loadCurve(id);
    if (jobs.openId !== null) void load(jobs.openId);
  });
  watch(overlay, (ids) => {
    for (const id of ids) if (!curves.value.has(id)) void loadCurve(id);
  });

  async function load(id: string): Promise<void> {
    error.value = null;
    const [, result] = await Promise.all([loadCurve(id), client.call('jobs.samples', { job: id })]);
    if (id !== jobs.openId) return; // another one was opened meanwhile
    if (result.ok) samples.value = result.value.samples.reduce(withSample, [...samples.value]);
    else error.value = result.error;
  }

  async function loadCurve(job: string): Promise<void> {
    const result = await client.call('jobs.metrics', { job, points });
    if (result.ok) curves.value = new Map(curves.value).set(job, result.value);
    else if (job === jobs.openId) error.value = result.error;
  }

  /** Steps `from` to `to` of the open job in more detail; null: all of them again. */
  async function zoom(range: readonly [number, number] | null): Promise<void> {
    const job = jobs.openId;
    detail.value = null;
    if (range === null || job === null) return;
    const [from, to] = [Math.max(0, Math.floor(range[0])), Math.ceil(range[1])];
    const result = await client.call('jobs.metrics', { job, from, to, points });
    if (result.ok && job === jobs.openId) detail.value = { range, metrics: result.value };
  }

  /** Sees to it that a sample's pixels come, if there is such a sample. */
  async function need(step: number | null, index: number): Promise<void> {
    const job = jobs.openId;
    if (job === null || !has(samples.value, step, index)) return;
    const key = pictureKey(job, step, index);
    if (pictures.value.has(key) || asked.has(key)) return;
    asked.add(key);
    const result = await client.call('jobs.picture', { job, step, index });
    asked.delete(key);
    if (!result.ok) {
      error.value = result.error;
      return;
    }
    const kept = [...pictures.value].slice(-(mostPictures - 1));
    pictures.value = new Map(kept).set(key, result.value);
  }

  return { curves, opened, detail, overlay, samples, pictures, error, zoom, need };
});
