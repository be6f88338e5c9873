// The contract over Electron's IPC: one handler per call, one channel for events. No logic of the studio lives here.
import type { IpcMain, IpcMainInvokeEvent, WebContents } from 'electron';
import { callNames, eventNames, type CallName, type EventName, type Unsubscribe } from '../main/contract/contract.ts';
import type { Result } from '../main/contract/errors.ts';
import type { Studio } from '../main/studio.ts';
import { isWindowAddress } from './addresses.ts';

export const callChannel = (name: CallName): string => `studio:call:${name}`;
export const eventChannel = 'studio:event';

const foreign: Result<never> = {
  ok: false,
  error: { code: 'permission', message: 'This page may not speak to the studio.' },
};

/** A frame that is gone, a frame inside the page, or a page of another address is not the window. */
export function isTrustedSender(event: Pick<IpcMainInvokeEvent, 'senderFrame'>): boolean {
  const frame = event.senderFrame;
  return frame !== null && frame.parent === null && isWindowAddress(frame.url);
}

/** Answers every call of the contract; input is checked by the studio itself. */
export function serveCalls(ipcMain: IpcMain, studio: { call(name: string, input: unknown): Promise<Result<unknown>> }): Unsubscribe {
  for (const name of callNames) {
    ipcMain.handle(callChannel(name), (event, input: unknown) => (isTrustedSender(event) ? studio.call(name, input) : foreign));
  }
  return () => {
    for (const name of callNames) ipcMain.removeHandler(callChannel(name));
  };
}

/** Sends every event of the studio to the pages that show the window at that moment. */
export function forwardEvents(studio: Pick<Studio, 'on'>, pages: () => WebContents[]): Unsubscribe {
  const send = (name: EventName, data: unknown): void => {
    for (const page of pages()) {
      if (!page.isDestroyed() && isWindowAddress(page.mainFrame.url)) page.send(eventChannel, name, data);
    }
  };
  const unsubscribes = eventNames.map((name) => studio.on(name, (data: unknown) => send(name, data)));
  return () => {
    for (const unsubscribe of unsubscribes) unsubscribe();
  };
}
