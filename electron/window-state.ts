// Remembers where the window stood. A damaged or outdated file, or a screen that is gone, means the default place.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Rectangle } from 'electron';
import { z } from 'zod';

export const minimumSize = { width: 960, height: 640 };
const defaultSize = { width: 1440, height: 900 };

const WindowState = z.object({
  bounds: z.object({ x: z.int(), y: z.int(), width: z.int().positive(), height: z.int().positive() }),
  maximized: z.boolean(),
});
export type WindowState = z.infer<typeof WindowState>;

/** Saved state as the file holds it, or null when it is missing or not what it should be. */
export function loadWindowState(file: string): WindowState | null {
  try {
    return WindowState.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}

/** Written whole or not at all; a failure costs only the remembered place, so it is logged and not thrown. */
export function saveWindowState(file: string, state: WindowState): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, JSON.stringify(state));
    renameSync(`${file}.new`, file);
  } catch (thrown) {
    console.error('studio: the window place could not be saved:', thrown);
  }
}

function overlap(a: Rectangle, b: Rectangle): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return Math.max(0, width) * Math.max(0, height);
}

const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(value, high));

/** Largest part of a display the window may take; on a display below the minimum, the display itself. */
function fit(size: { width: number; height: number }, area: Rectangle): { width: number; height: number } {
  return {
    width: Math.min(Math.max(size.width, minimumSize.width), area.width),
    height: Math.min(Math.max(size.height, minimumSize.height), area.height),
  };
}

/**
 * Bounds for a new window. `workAreas` are the displays without task bars, the primary first; there is at least one.
 * The window is put wholly onto the display that showed most of it, else centred on the primary one.
 */
export function placeWindow(saved: WindowState | null, workAreas: readonly [Rectangle, ...Rectangle[]]): WindowState {
  const bounds = saved?.bounds;
  if (bounds !== undefined) {
    const home = workAreas.reduce((best, area) => (overlap(bounds, area) > overlap(bounds, best) ? area : best));
    if (overlap(bounds, home) > 0) {
      const size = fit(bounds, home);
      return {
        bounds: {
          ...size,
          x: clamp(bounds.x, home.x, home.x + home.width - size.width),
          y: clamp(bounds.y, home.y, home.y + home.height - size.height),
        },
        maximized: saved?.maximized ?? false,
      };
    }
  }
  const [primary] = workAreas;
  const size = fit(defaultSize, primary);
  return {
    bounds: {
      ...size,
      x: primary.x + Math.floor((primary.width - size.width) / 2),
      y: primary.y + Math.floor((primary.height - size.height) / 2),
    },
    maximized: saved?.maximized ?? false,
  };
}
