// `npm run build`: window, preload and shell into out/.
import { build } from './window-build.ts';

process.exitCode = (await build()) ? 0 : 1;
