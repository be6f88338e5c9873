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
  /** The studio of this library: our own, or attached to the process that has it. Closed after the command. */
  studio(): Promise<Session>;
}

export interface Command {
  name: string;
  /** One line for the list of commands. */
  summary: string;
  /** Positional arguments as the help shows them. */
  synopsis: string;
  options: OptionTable;
  run(context: Context): Promise<void>;
}

export function commandHelp(command: Command): string {
  return `usage: studio ${[command.name, command.synopsis].filter((part) => part !== '').join(' ')} [options]\n\n${command.summary}\n\n${optionHelp({ ...command.options, ...commonOptions })}`;
}

function optionHelp(options: OptionTable): string {
  const rows = Object.entries(options).map(([name, { value, help }]) => ({ flag: `--${name}${value === undefined ? '' : ` ${value}`}`, help }));
  const width = Math.max(...rows.map(({ flag }) => flag.length));
  return rows.map(({ flag, help }) => `  ${flag.padEnd(width)}  ${help}`).join('\n');
}
