// What the window may not do: ask for permissions, leave its page, open windows, reach a network.
import type { Session, WebContents } from 'electron';
import { isWindowAddress, scheme } from './addresses.ts';

/** Addresses that a page may load. Everything else, and so every network, is cancelled before it leaves. */
export function mayLoad(address: string): boolean {
  const protocol = /^([a-z][a-z0-9+.-]*):/i.exec(address)?.[1]?.toLowerCase();
  return protocol === scheme || protocol === 'data' || protocol === 'blob' || protocol === 'devtools';
}

/** Denies every permission, on request and on check, and every address but the studio's own. */
export function restrictSession(session: Session): void {
  session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
  // The spell checker would download its dictionaries.
  session.setSpellCheckerEnabled(false);
  session.webRequest.onBeforeRequest((details, answer) => answer({ cancel: !mayLoad(details.url) }));
}

/** Keeps a page where it is: no navigation elsewhere, no new windows, no webviews. */
export function restrictContents(contents: WebContents): void {
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.on('will-frame-navigate', (event) => {
    if (!event.isMainFrame || !isWindowAddress(event.url)) event.preventDefault();
  });
  contents.on('will-navigate', (event) => {
    if (!isWindowAddress(event.url)) event.preventDefault();
  });
  contents.on('will-redirect', (event) => {
    if (!isWindowAddress(event.url)) event.preventDefault();
  });
}
