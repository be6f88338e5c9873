// Where the shell finds its parts: beside the bundle in a checkout, in the resources folder of an installed app.
import { join } from 'node:path';

export interface Places {
  /** Folder of the built window. */
  windowDir: string;
  preload: string;
  /** The engine's entry as a file that plain Node can open. */
  engineEntry: string;
  /** The same of the process that judges pictures. */
  evaluationEntry: string;
  /** The same of the process that trains. */
  trainingEntry: string;
  /** The shipped Node; undefined in a checkout, where the platform package's is used. */
  nodeBinary: string | undefined;
  /** The embedded models. */
  modelsDir: string;
  /** Sketches of the pictures that they were trained on. */
  trainingSketches: string;
  icon: string;
}

export interface Surroundings {
  packaged: boolean;
  /** Folder of the built host, `out/main`. */
  bundleDir: string;
  /** Electron's `process.resourcesPath`; read only when packaged. */
  resourcesDir: string;
  platform: NodeJS.Platform;
}

export function findPlaces({ packaged, bundleDir, resourcesDir, platform }: Surroundings): Places {
  const out = join(bundleDir, '..');
  const shared = packaged ? resourcesDir : join(out, '..');
  // Plain Node sees app.asar as one file; electron-builder.yml puts its entries beside it, unpacked.
  const entries = packaged ? join(resourcesDir, 'app.asar.unpacked', 'out', 'main') : bundleDir;
  return {
    windowDir: join(out, 'renderer'),
    preload: join(out, 'preload', 'index.cjs'),
    engineEntry: join(entries, 'engine.js'),
    evaluationEntry: join(entries, 'evaluation.js'),
    trainingEntry: join(entries, 'training.js'),
    nodeBinary: packaged ? join(resourcesDir, 'node', platform === 'win32' ? 'node.exe' : 'node') : undefined,
    modelsDir: join(shared, 'models'),
    trainingSketches: join(packaged ? resourcesDir : join(shared, 'resources'), 'evaluation', 'training-pictures.idx'),
    icon: packaged ? join(resourcesDir, 'icon.png') : join(shared, 'resources', 'icon.png'),
  };
}
