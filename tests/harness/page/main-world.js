// Runs in the page's own world before its scripts: the receiving half of the context bridge. What the preload exposes
// arrives as a description; functions become proxies that speak over DOM events, whose details Chromium clones.
(() => {
  const channel = '__CHANNEL__';
  const settled = new Map();
  const callbacks = new Map();
  let next = 1;

  const send = (detail) => window.dispatchEvent(new CustomEvent(`${channel}:to-preload`, { detail }));

  function pack(value) {
    if (typeof value !== 'function') return { value };
    const callback = next++;
    callbacks.set(callback, value);
    return { callback };
  }

  function unpack(packed) {
    if ('error' in packed) throw new Error(packed.error);
    if ('fn' in packed) return proxy(packed.fn);
    if ('promise' in packed) return new Promise((resolve, reject) => settled.set(packed.promise, { resolve, reject }));
    if ('object' in packed) return Object.freeze(Object.fromEntries(Object.entries(packed.object).map(([key, inner]) => [key, unpack(inner)])));
    return packed.value;
  }

  let returned = null;
  function proxy(fn) {
    return (...args) => {
      returned = null;
      send({ kind: 'call', fn, args: args.map(pack) });
      if (returned === null) throw new Error('An object could not be cloned.');
      const result = returned;
      returned = null;
      return unpack(result);
    };
  }

  window.addEventListener(`${channel}:to-page`, ({ detail }) => {
    if (detail === null) return;
    if (detail.kind === 'expose') Object.defineProperty(window, detail.name, { value: unpack(detail.api), enumerable: true });
    if (detail.kind === 'return') returned = detail.result;
    if (detail.kind === 'callback') callbacks.get(detail.callback)?.(...detail.args);
    if (detail.kind === 'settle') {
      const promise = settled.get(detail.promise);
      settled.delete(detail.promise);
      if ('error' in detail) promise?.reject(new Error(detail.error));
      else promise?.resolve(detail.value);
    }
  });
})();
