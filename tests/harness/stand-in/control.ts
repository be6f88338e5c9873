// What a test asks of the running shell, over the channel of child_process.fork.
import { app } from './app.ts';
import { BrowserWindow } from './browser-window.ts';
import { nativeTheme } from './desktop.ts';
import { channels } from './ipc-main.ts';
import { journal } from './journal.ts';
import { session } from './session.ts';

function theWindow(): BrowserWindow {
  const [window] = BrowserWindow.getAllWindows();
  if (window === undefined) throw new Error('No window is open.');
  return window;
}

const commands = {
  state: () => ({
    journal,
    channels: channels(),
    theme: nativeTheme.themeSource,
    appName: app.name,
    userData: app.getPath('userData'),
    sandboxEnabled: app.sandboxEnabled,
    spellChecker: session.defaultSession.spellChecker,
    windows: BrowserWindow.getAllWindows().map((window) => ({
      bounds: window.getNormalBounds(),
      visible: window.visible,
      focused: window.focused,
      backgroundColor: window.backgroundColor,
      webPreferences: window.options.webPreferences,
    })),
  }),
  answer: (button: number) => void journal.answers.push(button),
  quit: () => app.quit(),
  closeWindow: () => theWindow().close(),
  moveWindow: (bounds: { x: number; y: number; width: number; height: number }) => theWindow().setBounds(bounds),
  secondInstance: () => void app.emit('second-instance', {}, [], ''),
  /** Puts an address into the window as if every guard had failed. */
  forceLoad: (url: string) => theWindow().webContents.load(url),
  about: () => (app as unknown as { showAboutPanel(): void }).showAboutPanel(),
  clickMenu: (label: string) => {
    const items = (journal.menu as { items: { submenu?: { label?: string; click?: () => void }[] }[] }).items;
    const item = items.flatMap((menu) => menu.submenu ?? []).find((entry) => entry.label === label);
    if (item?.click === undefined) throw new Error(`The menu has no '${label}'.`);
    item.click();
  },
} as const;

export type Commands = typeof commands;

process.on('message', async (message: { id: number; command: keyof Commands; argument: never }) => {
  try {
    const value = await commands[message.command](message.argument);
    // Functions of the menu do not travel.
    process.send?.({ id: message.id, value: JSON.parse(JSON.stringify(value ?? null)) });
  } catch (thrown) {
    process.send?.({ id: message.id, error: String(thrown) });
  }
});
// The channel alone must not keep a shell alive that wants to end.
process.channel?.unref();
