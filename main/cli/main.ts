// The command line as a process: runs one command, then ends with its exit code once everything written has left.
import { runCommandLine } from './command-line.ts';

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that went away (`| head`) wants no more of us.
    if (error.code === 'EPIPE') process.exit(1);
    throw error;
  });
}
const code = await runCommandLine(process.argv.slice(2));
process.exitCode = code;
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
