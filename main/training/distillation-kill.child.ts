// A distillation in a process that a test may kill at any moment. argv: the job as JSON; a line on stdout for each point group and step.
import { openCheckpoint } from '../checkpoints/folder.ts';
import { DistillRequest } from '../contract/distillation.ts';
import { distil } from './distillation.ts';
import { promptSource } from './distillation-source.ts';

const { teacher, folder, request, checkpointEvery } = JSON.parse(process.argv[2]!) as { teacher: string; folder: string; request: object; checkpointEvery: number };
const parsed = DistillRequest.parse(request);
const { student, outcome } = await distil({
  checkpoint: await openCheckpoint(teacher, () => ''), request: parsed, source: promptSource(parsed.prompts!), folder, checkpointEvery,
  onProgress: ({ phase, step }) => void process.stdout.write(`${phase} ${step}\n`),
});
const digest = Buffer.from(await crypto.subtle.digest('SHA-256', student.weights as Float32Array<ArrayBuffer>)).toString('hex');
process.stdout.write(`done ${digest} ${outcome.loss}\n`);
