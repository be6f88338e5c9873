// Electron's dialogs, menus, theme, screen and shell: they record what was asked of them.
import { EventEmitter } from 'node:events';
import { app } from './app.ts';
import { journal } from './journal.ts';

interface Question {
  message: string;
  detail?: string;
  buttons?: string[];
}

export const dialog = {
  showErrorBox(title: string, content: string): void {
    journal.errorBoxes.push({ title, content });
    // As Electron does where there is no screen to show a box on.
    process.stderr.write(`${title}\n${content}\n`);
  },
  showMessageBox(_window: unknown, { message, detail = '', buttons = [] }: Question): Promise<{ response: number; checkboxChecked: boolean }> {
    journal.questions.push({ message, detail, buttons });
    const response = journal.answers.shift();
    // Nobody answers: the box stays open.
    return response === undefined ? new Promise(() => {}) : Promise.resolve({ response, checkboxChecked: false });
  },
};

export const Menu = {
  buildFromTemplate: (template: unknown): unknown => ({ items: template }),
  setApplicationMenu(menu: unknown): void {
    journal.menu = menu;
  },
};

export const shell = {
  openPath(path: string): Promise<string> {
    journal.openedPaths.push(path);
    return Promise.resolve('');
  },
};

const display = { id: 1, workArea: { x: 0, y: 0, width: 1600, height: 1000 } };

export const screen = {
  getPrimaryDisplay: () => display,
  getAllDisplays: () => [display],
};

class NativeTheme extends EventEmitter {
  #source: 'system' | 'light' | 'dark' = 'system';

  get themeSource(): 'system' | 'light' | 'dark' {
    return this.#source;
  }

  set themeSource(source: 'system' | 'light' | 'dark') {
    this.#source = source;
    this.emit('updated');
  }

  get shouldUseDarkColors(): boolean {
    return this.#source === 'dark';
  }
}

export const nativeTheme = new NativeTheme();

Object.assign(app, { showAboutPanel: () => void (journal.aboutShown += 1) });
