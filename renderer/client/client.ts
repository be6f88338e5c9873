// The window's way to the host, whichever transport carries it. Components and stores know only this interface.
import type { InjectionKey } from 'vue';
import type { StudioClient, Unsubscribe } from '../../main/contract/contract.ts';
import { httpClient } from './http.ts';
import { ipcClient } from './ipc.ts';

export type Connection = 'connecting' | 'connected' | 'lost';

export interface WindowClient extends StudioClient {
  /** Tells the present state at once and every later change. Events sent while `lost` are gone: read the state again. */
  onConnection(listener: (connection: Connection) => void): Unsubscribe;
}

export const clientKey: InjectionKey<WindowClient> = Symbol('studio client');

/** Electron's preload when it is there, else the loopback server that handed out this page. */
export function connectStudio(): WindowClient {
  return window.studio === undefined ? httpClient(window.location) : ipcClient(window.studio);
}
