// Builds what the desktop shell runs: the host (out/main), the entries of its processes beside it, the preload, the window.
// `studio serve` hands out the same out/renderer to browsers.
import { resolve } from 'node:path';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'electron-vite';
import { callNames, eventNames } from './main/contract/contract.ts';

const root = import.meta.dirname;

// The engine runs under plain Node, which cannot look into app.asar. So its bundle holds every dependency but these:
// they load a native library from their own folder and are unpacked by electron-builder.yml.
const native = ['onnxruntime-node', 'better-sqlite3', 'sharp'];

/** Bundling strips the notices that most licences ask to keep: they are written beside each bundle, and the window's settings show its own. */
const licences = { fileName: 'licences.json' };

export default defineConfig({
  main: {
    build: {
      outDir: resolve(root, 'out/main'),
      target: 'node24',
      externalizeDeps: false,
      rolldownOptions: {
        external: ['electron', ...native],
        input: {
          index: resolve(root, 'electron/main.ts'),
          engine: resolve(root, 'main/engine/process.ts'),
          evaluation: resolve(root, 'main/studio/evaluation-process.ts'),
          training: resolve(root, 'main/engine/training-process.ts'),
        },
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
      license: licences,
    },
  },
  preload: {
    // A sandboxed preload is one CommonJS file. Writing the names in spares it zod and the schemas.
    define: { __CALL_NAMES__: JSON.stringify(callNames), __EVENT_NAMES__: JSON.stringify(eventNames) },
    build: {
      outDir: resolve(root, 'out/preload'),
      target: 'node24',
      externalizeDeps: false,
      rolldownOptions: {
        input: resolve(root, 'electron/preload.ts'),
        output: { format: 'cjs', entryFileNames: 'index.cjs' },
      },
    },
  },
  renderer: {
    root: resolve(root, 'renderer'),
    base: './',
    plugins: [vue()],
    build: {
      outDir: resolve(root, 'out/renderer'),
      emptyOutDir: true,
      // Browsers other than Electron's show this window too.
      target: 'es2022',
      minify: true,
      // A data: URL for a small asset would need another hole in the content security policy.
      assetsInlineLimit: 0,
      rolldownOptions: { input: resolve(root, 'renderer/index.html') },
      license: licences,
    },
  },
});
