import type { StudioClient } from '../main/contract/contract.ts';

declare global {
  interface Window {
    /** Present when Electron's preload provides it; absent in a browser. */
    readonly studio?: StudioClient;
  }
}
