// A studio that evaluates until it is killed: told its library, a folder of models and the request; reports every picture that is stored.
import { writeSync } from 'node:fs';
import { openStudio } from '../../studio.ts';
import { EvaluateRequest } from '../../contract/evaluation.ts';

const [libraryDir, models, request] = process.argv.slice(2) as [string, string, string];
const studio = await openStudio({ libraryDir, modelDirs: [models] });
await studio.call('settings.set', { device: 'cpu', threads: 1 });
// Straight to the pipe: what was reported before a kill must reach the parent.
studio.on('evaluation.progress', ({ done }) => writeSync(1, `done ${done}\n`));
const answer = await studio.call('evaluations.start', EvaluateRequest.parse(JSON.parse(request)));
writeSync(1, answer.ok ? `started ${answer.value.id}\n` : `failed ${answer.error.message}\n`);
