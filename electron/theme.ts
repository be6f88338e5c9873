// Title bar, menus and the page's `prefers-color-scheme` follow the studio's theme setting.
import { nativeTheme } from 'electron';
import type { BrowserWindow } from 'electron';
import type { Settings } from '../main/contract/schemas.ts';
import { backgroundColor } from './window.ts';

export function applyTheme(theme: Settings['theme'], windows: readonly BrowserWindow[]): void {
  nativeTheme.themeSource = theme;
  for (const window of windows) window.setBackgroundColor(backgroundColor());
}
