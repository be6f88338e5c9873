// The only bridge between the window and the host: one fixed function per call of the contract, and events by known name.
// Knows neither schemas nor files. It never passes a channel name that the window made up.
import { contextBridge, ipcRenderer } from 'electron';
import type { CallName, EventName, StudioClient, Unsubscribe } from '../main/contract/contract.ts';
import type { ErrorData, Result } from '../main/contract/errors.ts';

// Written in by the build from the contract (electron.vite.config.ts).
declare const __CALL_NAMES__: readonly CallName[];
declare const __EVENT_NAMES__: readonly EventName[];

type Listener = (data: unknown) => void;

const callsByName = new Map<string, (input: unknown) => Promise<Result<unknown>>>(
  __CALL_NAMES__.map((name) => [name, (input) => ipcRenderer.invoke(`studio:call:${name}`, input)]),
);
const listenersByEvent = new Map<string, Set<Listener>>(__EVENT_NAMES__.map((name) => [name, new Set()]));

ipcRenderer.on('studio:event', (_event, name: string, data: unknown) => {
  for (const listener of listenersByEvent.get(name) ?? []) listener(data);
});

function failure(code: ErrorData['code'], message: string): Result<never> {
  return { ok: false, error: { code, message } };
}

async function call(name: string, input: unknown): Promise<Result<unknown>> {
  const run = callsByName.get(name);
  if (run === undefined) return failure('invalid-input', `The studio has no call '${String(name)}'.`);
  try {
    return await run(input);
  } catch (thrown) {
    // The host answers with data, so only a value that cannot be cloned or a host that is closing ends here.
    return failure('internal', thrown instanceof Error ? thrown.message : String(thrown));
  }
}

function on(name: string, listener: Listener): Unsubscribe {
  const listeners = listenersByEvent.get(name);
  if (listeners === undefined) throw new Error(`The studio has no event '${String(name)}'.`);
  // A wrapper of its own, so that one function may listen twice and leave once.
  const entry: Listener = (data) => listener(data);
  listeners.add(entry);
  return () => {
    listeners.delete(entry);
  };
}

function imageUrl(image: string): string {
  return `studio://images/${encodeURIComponent(image)}`;
}

function evaluationPictureUrl(evaluation: string, cell: string, index: number): string {
  return `studio://evaluations/${[evaluation, cell, index].map(encodeURIComponent).join('/')}`;
}

const client = { call, on, imageUrl, evaluationPictureUrl } as StudioClient;
contextBridge.exposeInMainWorld('studio', client);
