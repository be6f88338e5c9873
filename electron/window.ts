// The one window: sandboxed, dark or light before its first frame, in the place where it last stood.
import { join } from 'node:path';
import { BrowserWindow, app, nativeTheme, screen } from 'electron';
import type { Rectangle } from 'electron';
import { windowUrl } from './addresses.ts';
import { background } from './background.ts';
import type { Places } from './places.ts';
import { loadWindowState, minimumSize, placeWindow, saveWindowState } from './window-state.ts';

export function backgroundColor(): string {
  return nativeTheme.shouldUseDarkColors ? background.dark : background.light;
}

function workAreas(): [Rectangle, ...Rectangle[]] {
  const primary = screen.getPrimaryDisplay();
  const others = screen.getAllDisplays().filter((display) => display.id !== primary.id);
  return [primary.workArea, ...others.map((display) => display.workArea)];
}

/** Opens the window and shows it once its page has drawn. `stateFile` keeps its place between starts. */
export function openWindow(places: Pick<Places, 'preload' | 'icon'>): BrowserWindow {
  const stateFile = join(app.getPath('userData'), 'window.json');
  const { bounds, maximized } = placeWindow(loadWindowState(stateFile), workAreas());
  const window = new BrowserWindow({
    ...bounds,
    minWidth: Math.min(minimumSize.width, bounds.width),
    minHeight: Math.min(minimumSize.height, bounds.height),
    title: app.name,
    icon: places.icon,
    show: false,
    backgroundColor: backgroundColor(),
    webPreferences: {
      preload: places.preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInSubFrames: false,
      nodeIntegrationInWorker: false,
      webSecurity: true,
      webviewTag: false,
      spellcheck: false,
      navigateOnDragDrop: false,
    },
  });
  window.once('ready-to-show', () => {
    if (maximized) window.maximize();
    window.show();
  });
  window.on('close', () => {
    saveWindowState(stateFile, { bounds: window.getNormalBounds(), maximized: window.isMaximized() });
  });
  // A window that is closed while it loads ends here too.
  window.loadURL(windowUrl).catch((thrown: unknown) => console.error('studio: the window could not be loaded:', thrown));
  return window;
}
