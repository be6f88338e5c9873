// How this window is arranged: which view, which way of comparing, where the pictures are zoomed to.
import { defineStore } from 'pinia';
import { ref } from 'vue';
import { fitted, zoomLimits, type View } from '../pictures/view-transform.ts';

export const viewNames = ['compare', 'jobs', 'models', 'evaluation', 'settings'] as const;
export type ViewName = (typeof viewNames)[number];

export const modes = ['side', 'wipe', 'flicker', 'difference'] as const;
export type Mode = (typeof modes)[number];

/** Fields that a shortcut can bring the keyboard to. */
export type Focusable = 'prompt' | 'guidance';

export const useWorkspace = defineStore('workspace', () => {
  const view = ref<ViewName>('compare');
  const mode = ref<Mode>('side');
  const transform = ref<View>(fitted);
  /** CSS pixels per picture pixel when fitted; the stage measures it, the zoom read-out needs it. */
  const scale = ref(1);
  /** Where the wipe's boundary stands, 0 (left) to 1. */
  const boundary = ref(0.5);
  /** Differences of neighbouring models are faint; 4 makes them readable. */
  const amplification = ref(4);
  const palette = ref(false);
  const shortcuts = ref(false);
  /** A new object for every wish, so that the same field can be wished for twice. */
  const focusWish = ref<{ field: Focusable } | null>(null);

  function nextMode(): void {
    mode.value = modes[(modes.indexOf(mode.value) + 1) % modes.length] ?? 'side';
  }

  function fit(): void {
    transform.value = fitted;
  }

  /** About the middle of the panels. */
  function zoomBy(factor: number): void {
    const zoom = Math.min(zoomLimits.max, Math.max(zoomLimits.min, transform.value.zoom * factor));
    transform.value = { ...transform.value, zoom };
  }

  function focus(field: Focusable): void {
    view.value = 'compare';
    focusWish.value = { field };
  }

  /** Eight screen pixels for each of the picture's, or twice the fitted size where that is more. */
  function zoomToPixels(): void {
    transform.value = { ...transform.value, zoom: Math.max(8 / scale.value, 2) };
  }

  return {
    view, mode, transform, scale, boundary, amplification, palette, shortcuts, focusWish,
    nextMode, fit, zoomBy, zoomToPixels, focus,
  };
});
