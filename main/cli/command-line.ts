// The command line: picks the command, reads its arguments, runs it, and turns every failure into a message and an exit code.
// 0: done; 1: failed; 2: the arguments are wrong.
import { resolve } from 'node:path';
import { toErrorData } from '../contract/errors.ts';
import { defaultLibraryDir } from '../library/location.ts';
import { commandHelp, modelsFolderOption, optionsOf, type Command, type Context } from './command.ts';
import { compare } from './commands/compare.ts';
import { distill } from './commands/distill.ts';
import { doctor } from './commands/doctor.ts';
import { evaluate } from './commands/evaluate.ts';
import { generate } from './commands/generate.ts';
import { history } from './commands/history.ts';
import { jobs } from './commands/jobs.ts';
import { metrics } from './commands/metrics.ts';
import { models } from './commands/models.ts';
import { replay } from './commands/replay.ts';
import { serve } from './commands/serve.ts';
import { interruption } from './interrupt.ts';
import { nearest } from './nearest.ts';
import { type Arguments, parseArguments, UsageError } from './options.ts';
import { openSession, type Session } from './session.ts';
import { table, Terminal, type Streams } from './terminal.ts';

const commands: readonly Command[] = [compare, generate, models, history, replay, distill, jobs, evaluate, metrics, serve, doctor];

const overview = (): string =>
  `usage: studio COMMAND [options]\n\n${table(commands.map(({ name, summary }) => [`  ${name}`, summary]))}\n\n"studio COMMAND --help" shows a command's options.`;

/**
 * Runs one command.
 * @param argv arguments after the program's name
 * @returns the exit code; everything has been written and closed by then
 */
export async function runCommandLine(argv: readonly string[], streams: Streams = process): Promise<number> {
  const [name, ...rest] = argv;
  // A broken argument list is answered as JSON too, when that was asked for.
  const terminal = new Terminal(rest.includes('--json'), streams);
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    if (name === undefined) {
      terminal.note(overview());
      return 2;
    }
    streams.stdout.write(`${overview()}\n`);
    return 0;
  }
  try {
    const command = commands.find((candidate) => candidate.name === name);
    if (command === undefined) throw unknownCommand(name);
    return await runCommand(command, rest, terminal);
  } catch (error) {
    terminal.failure(toErrorData(error));
    return error instanceof UsageError ? 2 : 1;
  }
}

function unknownCommand(typed: string): UsageError {
  const known = nearest(typed, commands.map(({ name }) => name));
  return new UsageError(`unknown command ${typed}${known === null ? '' : `, did you mean ${known}?`}`, '"studio --help" lists the commands.');
}

async function runCommand(command: Command, args: readonly string[], terminal: Terminal): Promise<number> {
  const given = parseArguments(args, optionsOf(command));
  if (given.has('help')) {
    terminal.streams.stdout.write(`${commandHelp(command)}\n`);
    return 0;
  }
  const { signal, release } = interruption();
  const context = contextOf(given, modelsFolderOption(command.options), terminal, signal);
  try {
    return (await command.run(context)) ?? 0;
  } finally {
    await context.close();
    release();
  }
}

function contextOf(args: Arguments, folderOption: string, terminal: Terminal, signal: AbortSignal): Context & { close(): Promise<void> } {
  const libraryDir = resolve(args.text('library') ?? defaultLibraryDir());
  const further = args.text(folderOption);
  const modelDirs = further === undefined ? [] : [resolve(further)];
  let session: Promise<Session> | null = null;
  return {
    args,
    terminal,
    libraryDir,
    modelDirs,
    signal,
    studio: (allowedPaths = []) => (session ??= openSession({ libraryDir, modelDirs, allowedPaths, signal, note: (text) => terminal.note(text) })),
    close: async () => {
      // One that could not be opened has been reported already.
      const opened = await session?.catch(() => null);
      await opened?.close();
    },
  };
}
