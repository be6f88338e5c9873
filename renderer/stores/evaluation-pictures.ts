// Fetches judged pictures page by page as they are looked at, and knows which one is enlarged.
import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';
import type { ErrorData } from '../../main/contract/errors.ts';
import { useClient } from './client.ts';
import { ask, missingPages, noPages, pageSize, stale, take, unask, viewing, type PictureView } from './evaluation-pages.ts';

export const useEvaluationPictures = defineStore('evaluation-pictures', () => {
  const client = useClient();
  const pages = shallowRef(noPages);
  const error = ref<ErrorData | null>(null);
  /** Place of the enlarged picture's prompt in the view, and its cell. */
  const enlarged = ref<{ place: number; cell: string } | null>(null);
  const row = computed(() => (enlarged.value === null ? null : (pages.value.rows.get(enlarged.value.place) ?? null)));

  function look(view: PictureView | null): void {
    pages.value = viewing(view);
    error.value = null;
    enlarged.value = null;
    if (view !== null && view.cells.length > 0) void need(0, 0);
  }

  /** Pictures may have been added: these places are looked up again. */
  async function refresh(from: number, to: number): Promise<void> {
    pages.value = stale(pages.value);
    await need(from, to);
  }

  /** Sees to it that the rows of these places come. */
  async function need(from: number, to: number): Promise<void> {
    await Promise.all(missingPages(pages.value, from, to).map(fetchPage));
  }

  async function fetchPage(page: number): Promise<void> {
    const { view } = pages.value;
    if (view === null) return;
    pages.value = ask(pages.value, page);
    const result = await client.call('evaluations.pictures', {
      evaluation: view.evaluation, cells: [...view.cells], offset: page * pageSize, limit: pageSize,
      ...(view.wrong !== null && { wrong: view.wrong }),
    });
    if (pages.value.view !== view) return; // something else is looked at by now
    error.value = result.ok ? null : result.error;
    pages.value = result.ok ? take(pages.value, page, result.value) : unask(pages.value, page);
  }

  /** The neighbouring picture: along the prompts, or along the cells of the view. It stays where it is at the edges. */
  function step(prompts: number, cells: number): void {
    const { view, total } = pages.value;
    if (enlarged.value === null || view === null || total === null) return;
    const at = view.cells.indexOf(enlarged.value.cell) + cells;
    const place = Math.min(total - 1, Math.max(0, enlarged.value.place + prompts));
    enlarged.value = { place, cell: view.cells[Math.min(view.cells.length - 1, Math.max(0, at))] ?? enlarged.value.cell };
    void need(place, place);
  }

  return { pages, error, enlarged, row, look, refresh, need, step };
});
