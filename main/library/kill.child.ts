// Waits for a line on stdin, then stores runs and pictures as fast as it can and reports each once it is stored.
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { openLibrary } from './library.ts';
import { sampleImage, sampleRun } from './samples.ts';

/** Straight to the pipe: what was reported before a kill must reach the parent. */
function report(message: object): void {
  writeSync(1, `${JSON.stringify(message)}\n`);
}

report({ ready: true });
await once(process.stdin, 'data');
const library = await openLibrary(process.argv[2]!);
for (let number = 0; ; number++) {
  const run = library.runs.create(sampleRun({ prompt: `picture ${number} 船` }));
  report({ run: run.id });
  library.runs.setState(run.id, 'running');
  for (const role of ['teacher', 'student'] as const) {
    const picture = { width: 24, height: 24, rgb: randomBytes(24 * 24 * 3) };
    const image = await library.storeImage({ ...sampleImage(run.id, { role }), picture });
    report({ image });
  }
  library.runs.setState(run.id, 'done');
  report({ done: run.id });
  if (number % 3 === 2) {
    report({ leaving: run.id });
    library.runs.trash(run.id);
    library.emptyTrash();
  }
}
