// The application menu as data: standard roles, which bring their own shortcuts and translations, and two commands of the studio.
import type { MenuItemConstructorOptions } from 'electron';
import type { Texts } from './texts.ts';

export interface MenuOptions {
  platform: NodeJS.Platform;
  /** Reload and developer tools are for a checkout. */
  development: boolean;
  texts: Texts;
  openLibrary(): void;
  about(): void;
}

const separator: MenuItemConstructorOptions = { type: 'separator' };

export function menuTemplate({ platform, development, texts, openLibrary, about }: MenuOptions): MenuItemConstructorOptions[] {
  const mac = platform === 'darwin';
  const developer: MenuItemConstructorOptions[] = development ? [separator, { role: 'reload' }, { role: 'toggleDevTools' }] : [];
  return [
    ...(mac ? [{ role: 'appMenu' } as const] : []),
    {
      label: texts.file,
      submenu: [
        { label: texts.openLibrary, accelerator: 'CmdOrCtrl+Shift+L', click: openLibrary },
        separator,
        { role: mac ? 'close' : 'quit' },
      ],
    },
    { role: 'editMenu' },
    {
      role: 'viewMenu',
      submenu: [{ role: 'resetZoom' }, { role: 'zoomIn' }, { role: 'zoomOut' }, separator, { role: 'togglefullscreen' }, ...developer],
    },
    { role: 'windowMenu' },
    { role: 'help', label: texts.help, submenu: [{ label: texts.about, click: about }] },
  ];
}
