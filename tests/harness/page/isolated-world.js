// Runs in an isolated world of the page before its scripts: `require('electron')` for the built preload, whose code takes
// the place of the marker below. Sees the page's DOM and nothing of its JavaScript, as in a sandboxed Electron window.
(() => {
  // Electron runs a preload in the top frame only, unless it is asked for more.
  if (window !== window.top) return;
  const channel = '__CHANNEL__';

  const waiting = new Map();
  const listeners = new Map();
  let next = 1;
  globalThis.__fromHost = (message) => {
    if (message.kind === 'event') {
      for (const listener of listeners.get(message.channel) ?? []) listener({}, ...message.args);
      return;
    }
    const { resolve, reject } = waiting.get(message.call);
    waiting.delete(message.call);
    if ('error' in message) reject(new Error(message.error));
    else resolve(message.value);
  };
  const ipcRenderer = {
    invoke(name, ...args) {
      const cloned = structuredClone(args);
      return new Promise((resolve, reject) => {
        const call = next++;
        waiting.set(call, { resolve, reject });
        globalThis.__toHost(JSON.stringify({ call, channel: name, args: cloned }));
      });
    },
    on(name, listener) {
      listeners.set(name, [...(listeners.get(name) ?? []), listener]);
      return ipcRenderer;
    },
  };

  const functions = new Map();
  const send = (detail) => window.dispatchEvent(new CustomEvent(`${channel}:to-page`, { detail }));

  function pack(value) {
    if (typeof value === 'function') {
      const fn = next++;
      functions.set(fn, value);
      return { fn };
    }
    if (value instanceof Promise) {
      const promise = next++;
      value.then(
        (result) => send({ kind: 'settle', promise, value: structuredClone(result) }),
        (error) => send({ kind: 'settle', promise, error: String(error?.message ?? error) }),
      );
      return { promise };
    }
    if (typeof value === 'object' && value !== null && Object.values(value).some((inner) => typeof inner === 'function')) {
      return { object: Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, pack(inner)])) };
    }
    return { value: structuredClone(value) };
  }

  function unpack(packed) {
    if (!('callback' in packed)) return packed.value;
    return (...args) => send({ kind: 'callback', callback: packed.callback, args: structuredClone(args) });
  }

  window.addEventListener(`${channel}:to-preload`, ({ detail }) => {
    if (detail === null || detail.kind !== 'call') return;
    let result;
    try {
      result = pack(functions.get(detail.fn)(...detail.args.map(unpack)));
    } catch (error) {
      result = { error: String(error?.message ?? error) };
    }
    send({ kind: 'return', result });
  });

  const contextBridge = {
    exposeInMainWorld: (name, api) => send({ kind: 'expose', name, api: pack(api) }),
  };

  const modules = { electron: { contextBridge, ipcRenderer } };
  const require = (name) => {
    if (!Object.hasOwn(modules, name)) throw new Error(`module not found: ${name}`);
    return modules[name];
  };
  const module = { exports: {} };
  ((exports, require, module) => {
/* PRELOAD */
  })(module.exports, require, module);
})();
