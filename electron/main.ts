// The desktop shell's entry: starts the studio, opens its window, and closes both in order.
// Everything it decides stands as a function in another module; everything it does goes through main/studio.ts.
import { join } from 'node:path';
import { Menu, app, protocol } from 'electron';
import { scheme } from './addresses.ts';
import { restrictContents } from './security.ts';
import { start } from './shell.ts';

app.setName('TeEFusion Studio');
// Windows groups windows and their icon by this name, the installer's.
if (process.platform === 'win32') app.setAppUserModelId('studio.teefusion.desktop');
// Chromium's caches and the window's place lie beside the library, not in it.
app.setPath('userData', join(app.getPath('appData'), 'TeEFusion Studio Window'));
app.enableSandbox();
protocol.registerSchemesAsPrivileged([
  { scheme, privileges: { standard: true, secure: true, supportFetchAPI: true, corsEnabled: true, stream: true, codeCache: true } },
]);
app.on('web-contents-created', (_event, contents) => restrictContents(contents));

if (app.requestSingleInstanceLock()) {
  // The default menu would offer a reload and the developer tools while the studio starts.
  Menu.setApplicationMenu(null);
  void app.whenReady().then(start);
} else {
  app.quit();
}
