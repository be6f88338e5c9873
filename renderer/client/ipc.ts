// The studio behind Electron's preload. Nothing but plain data may cross the bridge, so reactive proxies are copied first.
import type { StudioClient } from '../../main/contract/contract.ts';
import { toErrorData } from '../../main/contract/errors.ts';
import type { WindowClient } from './client.ts';

export function ipcClient(studio: StudioClient): WindowClient {
  return {
    async call(name, input) {
      try {
        return await studio.call(name, JSON.parse(JSON.stringify(input)));
      } catch (thrown) {
        return { ok: false, error: toErrorData(thrown) };
      }
    },
    on: (name, listener) => studio.on(name, listener),
    imageUrl: (image) => studio.imageUrl(image),
    evaluationPictureUrl: (evaluation, cell, index) => studio.evaluationPictureUrl(evaluation, cell, index),
    onConnection(listener) {
      listener('connected');
      return () => {};
    },
  };
}
