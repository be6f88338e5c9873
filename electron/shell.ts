// Puts the desktop together once Electron is ready: studio, protocol, IPC, menu, window.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BrowserWindow, Menu, app, dialog, ipcMain, protocol, session, shell } from 'electron';
import { toErrorData } from '../main/contract/errors.ts';
import { Settings } from '../main/contract/schemas.ts';
import { offerStudio } from '../main/server/offer.ts';
import type { StudioServer } from '../main/server/server.ts';
import { openStudio, type Studio } from '../main/studio.ts';
import { scheme } from './addresses.ts';
import { contentHandler } from './content.ts';
import { forwardEvents, serveCalls } from './ipc.ts';
import { Lifecycle } from './lifecycle.ts';
import { menuTemplate } from './menu.ts';
import { findPlaces, type Places } from './places.ts';
import { restrictSession } from './security.ts';
import { textsFor, type Texts } from './texts.ts';
import { applyTheme } from './theme.ts';
import { openWindow } from './window.ts';

/** `--library DIR`, among whatever switches of Chromium the program was started with. */
function libraryArgument(argv: readonly string[]): string | undefined {
  const { values } = parseArgs({ args: argv.slice(1), options: { library: { type: 'string' } }, strict: false, allowPositionals: true });
  return typeof values['library'] === 'string' ? resolve(values['library']) : undefined;
}

async function open(places: Places): Promise<Studio | null> {
  const libraryDir = libraryArgument(process.argv);
  try {
    return await openStudio({
      modelDirs: [places.modelsDir],
      engineEntry: places.engineEntry,
      evaluationEntry: places.evaluationEntry,
      trainingEntry: places.trainingEntry,
      trainingSketches: places.trainingSketches,
      eager: true,
      pickPath,
      ...(libraryDir !== undefined && { libraryDir }),
      ...(places.nodeBinary !== undefined && { nodeBinary: places.nodeBinary }),
    });
  } catch (thrown) {
    const { message, hint } = toErrorData(thrown);
    dialog.showErrorBox(textsFor(app.getLocale().startsWith('de') ? 'de' : 'en').startFailed, hint === undefined ? message : `${message}\n\n${hint}`);
    return null;
  }
}

/** A folder or file to learn from; the window never sees what else there is. */
async function pickPath(what: 'folder' | 'file'): Promise<string | null> {
  const { canceled, filePaths: [path] } = await dialog.showOpenDialog({ properties: [what === 'folder' ? 'openDirectory' : 'openFile'] });
  return canceled ? null : (path ?? null);
}

/** Lets the command line work through this studio while it has the library. The window does not need it, so it may fail. */
async function offer(studio: Studio): Promise<StudioServer | null> {
  try {
    return await offerStudio(studio, { windowDir: null });
  } catch (thrown) {
    console.error('studio: other processes cannot reach this studio:', thrown);
    return null;
  }
}

async function currentSettings(studio: Studio): Promise<Settings> {
  const answer = await studio.call('settings.get', {});
  return answer.ok ? answer.value : Settings.parse({});
}

function installMenu(studio: Studio, texts: Texts): void {
  const template = menuTemplate({
    platform: process.platform,
    development: !app.isPackaged,
    texts,
    openLibrary: () => void shell.openPath(studio.libraryDir),
    about: () => app.showAboutPanel(),
  });
  Menu.setApplicationMenu(Menu.buildFromTemplate(template));
}

/** A page that crashed is offered anew; the studio behind it goes on. */
function watchPage(window: BrowserWindow, texts: () => Texts): void {
  window.webContents.on('render-process-gone', (_event, details) => {
    if (details.reason === 'clean-exit') return;
    const { windowCrashedTitle, windowCrashedDetail, reload, roles } = texts();
    const question = { type: 'error' as const, message: windowCrashedTitle, detail: windowCrashedDetail, buttons: [reload, roles.quit], defaultId: 0, noLink: true };
    void dialog.showMessageBox(window, question).then(({ response }) => {
      if (response === 0) window.webContents.reload();
      else app.quit();
    });
  });
}

/** Starts the studio and shows it; on failure says why and ends the process with code 1. */
export async function start(): Promise<void> {
  const places = findPlaces({
    packaged: app.isPackaged,
    bundleDir: import.meta.dirname,
    resourcesDir: process.resourcesPath,
    platform: process.platform,
  });
  const studio = await open(places);
  if (studio === null) {
    app.exit(1);
    return;
  }

  let settings = await currentSettings(studio);
  const texts = (): Texts => textsFor(settings.locale);

  restrictSession(session.defaultSession);
  protocol.handle(scheme, contentHandler({
    windowDir: places.windowDir,
    imagePath: (id) => studio.imagePath(id),
    evaluationPicturePath: (address) => studio.evaluationPicturePath(address),
  }));
  serveCalls(ipcMain, studio);
  forwardEvents(studio, () => BrowserWindow.getAllWindows().map((window) => window.webContents));

  const server = await offer(studio);
  const lifecycle = new Lifecycle({
    studio,
    texts,
    end: async () => {
      await server?.close();
      await studio.close();
    },
  });
  const show = (): void => {
    const window = openWindow(places);
    lifecycle.guard(window);
    watchPage(window, texts);
  };

  app.setAboutPanelOptions({
    applicationName: app.name,
    applicationVersion: app.getVersion(),
    copyright: 'Apache License 2.0',
    iconPath: places.icon,
  });
  studio.on('settings.changed', (changed) => {
    settings = changed;
    applyTheme(settings.theme, BrowserWindow.getAllWindows());
    installMenu(studio, texts());
  });
  app.on('second-instance', () => {
    const [window] = BrowserWindow.getAllWindows();
    if (window === undefined) return show();
    if (window.isMinimized()) window.restore();
    window.focus();
  });
  app.on('activate', () => {
    if (BrowserWindow.getAllWindows().length === 0) show();
  });

  applyTheme(settings.theme, []);
  installMenu(studio, texts());
  show();
}
