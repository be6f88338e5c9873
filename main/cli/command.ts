// What a command of the command line is. Each file under commands/ holds one.
import type { Arguments, OptionTable } from './options.ts';
import { commonOptions } from './options.ts';
import type { Session } from './session.ts';
import type { Terminal } from './terminal.ts';

/** What a command is given to work with. */
export interface Context {
  args: Arguments;
  terminal: Terminal;
  /** Folder of the library: --library, else the user's. */
  libraryDir: string;
  /** Folders of models besides the embedded ones. */
  modelDirs: readonly string[];
  /** Aborted by Ctrl+C. */
  signal: AbortSignal;
  /**
   * The studio of this library: our own, which may then read the `allowed` folders and files, or attached to the process that has it.
   * One for the whole command, closed after it.
   */
  studio(allowed?: readonly string[]): Promise<Session>;
}

export interface Command {
  name: string;
  /** One line for the list of commands. */
  summary: string;
  /** Positional arguments as the help shows them. */
  synopsis: string;
  options: OptionTable;
  /** Answers the exit code where it is not 0. */
  run(context: Context): Promise<void | number>;
}

/** A command's options beside the common ones; its own meaning of a name goes before theirs. */
export function optionsOf({ options }: Pick<Command, 'options'>): OptionTable {
  if (!Object.hasOwn(options, 'models')) return { ...options, ...commonOptions };
  const { models, ...others } = commonOptions;
  return { ...options, [modelsFolderOption(options)]: models, ...others };
}

/** The name of the option that adds a folder of models. */
export function modelsFolderOption(options: OptionTable): string {
  return Object.hasOwn(options, 'models') ? 'models-dir' : 'models';
}

export function commandHelp(command: Command): string {
  return `usage: studio ${[command.name, command.synopsis].filter((part) => part !== '').join(' ')} [options]\n\n${command.summary}\n\n${optionHelp(optionsOf(command))}`;
}

function optionHelp(options: OptionTable): string {
  const rows = Object.entries(options).map(([name, { value, help }]) => ({ flag: `--${name}${value === undefined ? '' : ` ${value}`}`, help }));
  const width = Math.max(...rows.map(({ flag }) => flag.length));
  return rows.map(({ flag, help }) => `  ${flag.padEnd(width)}  ${help}`).join('\n');
}
