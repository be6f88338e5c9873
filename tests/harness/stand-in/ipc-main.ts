// Electron's `ipcMain`: one handler per channel; arguments and answers are cloned, as between processes.

export interface Frame {
  readonly url: string;
  readonly parent: Frame | null;
}

type Handler = (event: { senderFrame: Frame | null; sender: unknown }, ...args: unknown[]) => unknown;

const handlers = new Map<string, Handler>();

export const ipcMain = {
  handle(channel: string, handler: Handler): void {
    if (handlers.has(channel)) throw new Error(`Attempted to register a second handler for '${channel}'`);
    handlers.set(channel, handler);
  },
  removeHandler(channel: string): void {
    handlers.delete(channel);
  },
};

export function channels(): string[] {
  return [...handlers.keys()];
}

/** What `ipcRenderer.invoke` reaches; rejects for an unknown channel, and with the handler's error wrapped as Electron does. */
export async function invoke(channel: string, event: { senderFrame: Frame | null; sender: unknown }, args: unknown[]): Promise<unknown> {
  const handler = handlers.get(channel);
  if (handler === undefined) throw new Error(`Error invoking remote method '${channel}': Error: No handler registered for '${channel}'`);
  try {
    return structuredClone(await handler(event, ...structuredClone(args)));
  } catch (thrown) {
    throw new Error(`Error invoking remote method '${channel}': ${String(thrown)}`);
  }
}
