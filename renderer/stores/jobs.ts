// The distillation jobs of the library: the list, the one that is open, the form of the next one, and what can be done with them.
import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';
import type { CallOutput } from '../../main/contract/contract.ts';
import type { ErrorData, Result } from '../../main/contract/errors.ts';
import type { ExportFormat, JobConfig, JobExport, JobRecord } from '../../main/contract/jobs.ts';
import { useClient } from './client.ts';
import type { Measurement } from './jobs-cost.ts';
import { composeJob, firstJob, firstTeacher, formOf, freeStudentName, withInit, withPreset, type JobForm, type JobValues, type PresetId } from './jobs-form.ts';
import { advance, listed, neighbour, placeBefore, put, remove, type JobList } from './jobs-list.ts';
import { useModels } from './models.ts';
import { useNotices } from './notices.ts';

/** What a job was asked to do and has not done yet. */
export type Asked = 'pause' | 'cancel' | 'save' | 'sample' | 'export';

export const useJobs = defineStore('jobs', () => {
  const client = useClient();
  const models = useModels();
  const notices = useNotices();
  const list = shallowRef<JobList>([]);
  const loaded = ref(false);
  const error = ref<ErrorData | null>(null);
  /** null: the page that begins a new one. */
  const openId = ref<string | null>(null);
  const form = shallowRef<JobForm>(firstJob);
  const starting = ref(false);
  /** Why the host did not take, or could not measure, what was asked for. */
  const refusal = ref<ErrorData | null>(null);
  const measuring = ref(false);
  const measured = shallowRef<Measurement | null>(null);
  const asked = ref(new Map<string, Asked>());
  /** When each job was last heard of, in milliseconds of this window's clock: what it counts goes on from there. */
  const heard = new Map<string, number>();
  const paths = ref<CallOutput<'paths.allowed'>>({ paths: [], dialog: false });

  const open = computed(() => list.value.find((record) => record.id === openId.value) ?? null);
  const running = computed(() => list.value.find(({ state }) => state === 'running' || state === 'estimating') ?? null);
  /** Of models, and of students to come. */
  const takenNames = computed(() => [...models.models.map(({ id }) => id), ...list.value.filter(({ state }) => state !== 'done').map(({ name }) => name)]);
  const composed = computed(() => composeJob(form.value, takenNames.value));

  client.on('job.changed', ({ job }) => keep(job));
  client.on('job.deleted', ({ job }) => forget(job));
  client.on('job.metrics', (news) => {
    heard.set(news.job, performance.now());
    list.value = advance(list.value, news);
  });

  function keep(record: JobRecord): void {
    heard.set(record.id, performance.now());
    list.value = put(list.value, record);
  }

  /** Seconds since a job was last heard of. */
  function silence(id: string): number {
    return (performance.now() - (heard.get(id) ?? performance.now())) / 1000;
  }

  function forget(id: string): void {
    list.value = remove(list.value, id);
    if (openId.value === id) show(null);
  }

  async function load(): Promise<void> {
    const [result, allowed] = await Promise.all([client.call('jobs.list', {}), client.call('paths.allowed', {})]);
    error.value = result.ok ? null : result.error;
    if (result.ok) {
      list.value = listed(result.value.jobs);
      for (const { id } of list.value) heard.set(id, performance.now());
      if (open.value === null) show(null);
    }
    if (allowed.ok) paths.value = allowed.value;
    loaded.value = true;
  }

  /** Opens a job, or with null the page that begins one. */
  function show(id: string | null): void {
    openId.value = id;
  }

  function walk(by: 1 | -1): void {
    const record = neighbour(list.value, openId.value, by);
    if (record !== null) show(record.id);
  }

  /** The form as it is first seen: with a teacher that is there and a name that is free. */
  function prepare(): void {
    if (!models.loaded) return;
    const teacher = models.byId(form.value.values.teacher)?.kind === 'teacher' ? null : firstTeacher(models.models);
    if (teacher !== null) changeValues({ teacher });
    const from = models.byId(form.value.values.initFrom);
    if (from?.kind !== 'student' || from.teacher !== form.value.values.teacher) change(withInit(form.value, null));
    if (takenNames.value.includes(form.value.values.name)) changeValues({ name: freeStudentName(form.value.values.name, takenNames.value) });
  }

  function change(changed: Partial<JobForm>): void {
    form.value = { ...form.value, ...changed };
    refusal.value = null;
  }

  function changeValues(changed: Partial<JobValues>): void {
    change({ values: { ...form.value.values, ...changed } });
  }

  function usePreset(id: PresetId): void {
    change(withPreset(form.value, id));
  }

  async function pickPath(what: 'folder' | 'file'): Promise<void> {
    const result = await client.call('paths.pick', { what });
    if (!result.ok) return notices.fail(result.error);
    const { path } = result.value;
    if (path === null) return;
    change({ [what]: path });
    if (!paths.value.paths.includes(path)) paths.value = { ...paths.value, paths: [...paths.value.paths, path] };
  }

  /** Lets the host do a few steps of what stands in the form. */
  async function measure(): Promise<void> {
    if (!composed.value.ok || measuring.value) return;
    const { config } = composed.value;
    measuring.value = true;
    const result = await client.call('jobs.estimate', { config });
    measuring.value = false;
    refusal.value = result.ok ? null : result.error;
    if (result.ok) measured.value = { config, estimate: result.value };
  }

  async function start(): Promise<void> {
    if (!composed.value.ok || starting.value) return;
    starting.value = true;
    const result = await client.call('jobs.start', { config: composed.value.config });
    starting.value = false;
    refusal.value = result.ok ? null : result.error;
    if (!result.ok) return;
    keep(result.value);
    show(result.value.id);
    // The next one is another student.
    changeValues({ name: freeStudentName(form.value.values.name, takenNames.value) });
  }

  /** Asks something of a job and tells where it was refused. Meanwhile `asked` says what it is. */
  async function ask<T>(id: string, what: Asked, call: () => Promise<Result<T>>): Promise<T | null> {
    if (asked.value.get(id) === what) return null;
    asked.value.set(id, what);
    const result = await call();
    if (asked.value.get(id) === what) asked.value.delete(id);
    if (result.ok) return result.value;
    notices.fail(result.error);
    return null;
  }

  const keepAnswer = (record: JobRecord | null): void => {
    if (record !== null) keep(record);
  };
  const pause = async (id: string): Promise<void> => keepAnswer(await ask(id, 'pause', () => client.call('jobs.pause', { job: id })));
  const cancel = async (id: string): Promise<void> => keepAnswer(await ask(id, 'cancel', () => client.call('jobs.cancel', { job: id })));
  const saveNow = async (id: string): Promise<void> => keepAnswer(await ask(id, 'save', () => client.call('jobs.saveNow', { job: id })));
  const sampleNow = async (id: string): Promise<void> => void (await ask(id, 'sample', () => client.call('jobs.sampleNow', { job: id })));
  const exportStudent = (id: string, format: ExportFormat): Promise<JobExport | null> => ask(id, 'export', () => client.call('jobs.export', { job: id, format }));

  async function resume(id: string): Promise<void> {
    const result = await client.call('jobs.resume', { job: id });
    if (result.ok) keep(result.value);
    else notices.fail(result.error);
  }

  /** A queued job one place up (-1) or down. */
  async function move(id: string, by: 1 | -1): Promise<void> {
    const before = placeBefore(list.value, id, by);
    if (before === undefined) return;
    const result = await client.call('jobs.reorder', { job: id, before });
    if (result.ok) list.value = listed(result.value.jobs);
    else notices.fail(result.error);
  }

  /** Everything of an earlier job in the form, to be asked again with changes. */
  async function duplicate(id: string): Promise<void> {
    const result = await client.call('jobs.duplicate', { job: id });
    if (!result.ok) return notices.fail(result.error);
    fill(result.value);
  }

  function fill(config: JobConfig): void {
    form.value = formOf(config);
    refusal.value = null;
    show(null);
  }

  /** Moves a job to the trash, with its student where `model` says so. Resolves with a way back, or null when the host refused. */
  async function drop(id: string, model: boolean): Promise<(() => Promise<void>) | null> {
    const shown = openId.value === id;
    const result = await client.call('jobs.delete', { job: id, model });
    if (!result.ok) {
      notices.fail(result.error);
      return null;
    }
    forget(id);
    return async () => {
      const restored = await client.call('jobs.restore', { job: id });
      if (!restored.ok) return notices.fail(restored.error);
      keep(restored.value);
      if (shown && openId.value === null) show(id);
    };
  }

  return {
    list, loaded, error, openId, open, running, form, composed, starting, refusal, measuring, measured, asked, paths,
    load, silence, show, walk, prepare, change, changeValues, usePreset, pickPath, measure, start, pause, cancel, resume, saveNow, sampleNow, move, duplicate, drop, exportStudent,
  };
});
