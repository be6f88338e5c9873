// The module `electron` as the built host sees it under plain Node: the same names, calls and events, over a real
// Chromium. It holds only what the shell uses; anything else is undefined and fails loudly.
export { app } from './app.ts';
export { dialog, Menu, nativeTheme, screen, shell } from './desktop.ts';
export { ipcMain } from './ipc-main.ts';
export { protocol } from './protocol.ts';
export { session } from './session.ts';
export { BrowserWindow } from './browser-window.ts';
import './control.ts';
