// Entry of the command line for any Node: finds one that is new enough, then hands over to main.ts.
import { fileURLToPath } from 'node:url';
import { runEntry } from '../../scripts/node.mjs';

await runEntry(fileURLToPath(new URL('./main.ts', import.meta.url)), process.argv.slice(2));
