// The settings that the host keeps, and the theme that follows from them and from the desktop.
import { defineStore } from 'pinia';
import { computed, ref, watchEffect } from 'vue';
import { usePreferredDark } from '@vueuse/core';
import { Settings } from '../../main/contract/schemas.ts';
import { useClient } from './client.ts';
import { useNotices } from './notices.ts';

export type Theme = 'light' | 'dark';

export const useSettings = defineStore('settings', () => {
  const client = useClient();
  const notices = useNotices();
  const settings = ref<Settings>(Settings.parse({}));
  const prefersDark = usePreferredDark();
  const theme = computed<Theme>(() => {
    if (settings.value.theme !== 'system') return settings.value.theme;
    return prefersDark.value ? 'dark' : 'light';
  });

  watchEffect(() => {
    document.documentElement.dataset['theme'] = theme.value;
  });

  client.on('settings.changed', (changed) => {
    settings.value = changed;
  });

  async function load(): Promise<void> {
    const result = await client.call('settings.get', {});
    if (result.ok) settings.value = result.value;
    else notices.fail(result.error);
  }

  /** Shown at once; taken back when the host refuses. */
  async function change(patch: Partial<Settings>): Promise<void> {
    const before = settings.value;
    settings.value = { ...before, ...patch };
    const result = await client.call('settings.set', patch);
    if (result.ok) settings.value = result.value;
    else {
      settings.value = before;
      notices.fail(result.error);
    }
  }

  function toggleTheme(): Promise<void> {
    return change({ theme: theme.value === 'dark' ? 'light' : 'dark' });
  }

  return { settings, theme, load, change, toggleTheme };
});
