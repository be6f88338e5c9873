// The application menu as data: standard roles, which bring their own shortcuts, and two commands of the studio.
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

/** Electron names roles in English whatever the language, so every item gets its label from the texts. */
const roles = {
  edit: ['undo', 'redo', null, 'cut', 'copy', 'paste', 'delete', 'selectAll'],
  view: ['resetZoom', 'zoomIn', 'zoomOut', null, 'togglefullscreen'],
  developer: [null, 'reload', 'toggleDevTools'],
  window: ['minimize', 'close'],
} as const;

export function menuTemplate({ platform, development, texts, openLibrary, about }: MenuOptions): MenuItemConstructorOptions[] {
  const mac = platform === 'darwin';
  const items = (names: readonly (keyof Texts['roles'] | null)[]): MenuItemConstructorOptions[] =>
    names.map((role) => (role === null ? { type: 'separator' } : { role, label: texts.roles[role] }));
  return [
    ...(mac ? [{ role: 'appMenu' } as const] : []),
    {
      label: texts.menus.file,
      submenu: [
        { label: texts.openLibrary, accelerator: 'CmdOrCtrl+Shift+L', click: openLibrary },
        { type: 'separator' },
        ...items([mac ? 'close' : 'quit']),
      ],
    },
    { label: texts.menus.edit, submenu: items(roles.edit) },
    { label: texts.menus.view, submenu: items(development ? [...roles.view, ...roles.developer] : roles.view) },
    { role: 'windowMenu', label: texts.menus.window, submenu: items(roles.window) },
    { role: 'help', label: texts.menus.help, submenu: [{ label: texts.about, click: about }] },
  ];
}
