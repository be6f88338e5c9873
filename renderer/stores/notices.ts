// Short messages at the edge of the window: what just happened, and how to take it back.
import { defineStore } from 'pinia';
import { ref } from 'vue';
import type { ErrorData } from '../../main/contract/errors.ts';

export interface Notice {
  id: number;
  text: string;
  error: ErrorData | null;
  action: { label: string; run: () => void } | null;
}

export const useNotices = defineStore('notices', () => {
  const notices = ref<Notice[]>([]);
  let count = 0;

  function show(notice: { text: string; error?: ErrorData; action?: Notice['action'] }): void {
    count += 1;
    notices.value.push({ id: count, text: notice.text, error: notice.error ?? null, action: notice.action ?? null });
  }

  function dismiss(id: number): void {
    notices.value = notices.value.filter((notice) => notice.id !== id);
  }

  function fail(error: ErrorData): void {
    show({ text: error.message, error });
  }

  return { notices, show, fail, dismiss };
});
