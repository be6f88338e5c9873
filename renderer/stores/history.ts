// The runs that the library keeps, as the strip and the palette show them.
import { defineStore } from 'pinia';
import { ref, shallowRef } from 'vue';
import type { RunRecord } from '../../main/contract/schemas.ts';
import type { ErrorData } from '../../main/contract/errors.ts';
import { useClient } from './client.ts';
import { firstPage, nextPage, noHistory, put, remove } from './history-state.ts';
import { useNotices } from './notices.ts';

const pageSize = 60;

export const useHistory = defineStore('history', () => {
  const client = useClient();
  const notices = useNotices();
  const history = shallowRef(noHistory);
  const loaded = ref(false);
  const error = ref<ErrorData | null>(null);
  let loadingMore = false;

  client.on('run.started', ({ run }) => keep(run));
  client.on('run.ended', ({ run }) => keep(run));
  client.on('run.changed', ({ run }) => keep(run));
  client.on('run.deleted', ({ run }) => {
    history.value = remove(history.value, run);
  });

  function keep(run: RunRecord): void {
    history.value = put(history.value, run);
  }

  async function load(search = history.value.search): Promise<void> {
    history.value = { ...history.value, search };
    const result = await query(search);
    if (search !== history.value.search) return; // typed on meanwhile
    error.value = result.ok ? null : result.error;
    if (result.ok) history.value = firstPage(search, result.value);
    loaded.value = true;
  }

  async function loadMore(): Promise<void> {
    const { runs, total, search } = history.value;
    const last = runs.at(-1);
    if (loadingMore || last === undefined || runs.length >= total) return;
    loadingMore = true;
    const result = await query(search, last.id);
    loadingMore = false;
    if (result.ok && search === history.value.search) history.value = nextPage(history.value, result.value);
  }

  /** Runs whose prompts contain these words, without changing the strip. */
  async function find(words: string): Promise<RunRecord[]> {
    const result = await query(words);
    return result.ok ? result.value.runs : [];
  }

  function query(words: string, before?: string) {
    const search = words.trim();
    return client.call('runs.list', {
      limit: pageSize,
      ...(search !== '' && { search }),
      ...(before !== undefined && { before }),
    });
  }

  /** Moves a run to the trash. Resolves with a way back, or null when the host refused. */
  async function drop(run: RunRecord): Promise<(() => Promise<RunRecord | null>) | null> {
    const result = await client.call('runs.delete', { run: run.id });
    if (!result.ok) {
      notices.fail(result.error);
      return null;
    }
    history.value = remove(history.value, run.id);
    return async () => {
      const restored = await client.call('runs.restore', { run: run.id });
      if (!restored.ok) {
        notices.fail(restored.error);
        return null;
      }
      keep(restored.value);
      return restored.value;
    };
  }

  return { history, loaded, error, load, loadMore, find, drop, keep };
});
