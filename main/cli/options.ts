// Reads a command's arguments against its table of options, and says helpfully what is wrong with them.
// Knows nothing of what the options mean.
import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { StudioError } from '../contract/errors.ts';
import { nearest } from './nearest.ts';

/** The caller's arguments are wrong: exit code 2. */
export class UsageError extends StudioError {
  constructor(message: string, hint?: string) {
    super('invalid-input', message, hint === undefined ? {} : { hint });
    this.name = 'UsageError';
  }
}

export interface OptionSpec {
  /** What stands for the value in the help; without one the option is a switch. */
  value?: string;
  help: string;
}
export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** Options that every command has. */
export const commonOptions = {
  library: { value: 'DIR', help: 'the library to use (default: the user\'s data folder)' },
  models: { value: 'DIR', help: 'a further folder of models' },
  json: { help: 'print one JSON document on stdout and nothing else there' },
  help: { help: 'show this help' },
} as const satisfies OptionTable;

export class Arguments {
  readonly #values: Readonly<Record<string, string | boolean | undefined>>;
  readonly positionals: readonly string[];

  constructor(values: Readonly<Record<string, string | boolean | undefined>>, positionals: readonly string[]) {
    this.#values = values;
    this.positionals = positionals;
  }

  has(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** @throws UsageError when what was typed is not a number */
  number(name: string): number | undefined {
    const typed = this.text(name);
    if (typed === undefined) return undefined;
    const value = Number(typed);
    if (typed.trim() === '' || !Number.isFinite(value)) throw new UsageError(`--${name} takes a number, not "${typed}"`);
    return value;
  }

  /** The only positional argument. @throws UsageError when there is none or there are more */
  only(what: string): string {
    const [first, second] = this.positionals;
    if (first === undefined) throw new UsageError(`${what} is missing`);
    if (second !== undefined) throw new UsageError(`unexpected argument "${second}"`, `Put ${what} in quotation marks when it has spaces.`);
    return first;
  }

  none(): void {
    const [first] = this.positionals;
    if (first !== undefined) throw new UsageError(`unexpected argument "${first}"`);
  }
}

/** @throws UsageError for an unknown option (with the nearest known one), a missing or an unexpected value */
export function parseArguments(args: readonly string[], table: OptionTable): Arguments {
  const options = Object.fromEntries(
    Object.entries(table).map(([name, { value }]) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const), ...(name === 'help' && { short: 'h' }) },
    ]),
  );
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true, allowPositionals: true });
  const values: Record<string, string | boolean> = {};
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const spec = Object.hasOwn(table, token.name) ? table[token.name] : undefined;
    if (spec === undefined) throw unknownOption(token.rawName, table);
    if (spec.value === undefined) {
      if (token.value !== undefined) throw new UsageError(`--${token.name} takes no value`);
      values[token.name] = true;
    } else {
      // An option right behind is a forgotten value; a negative number is one, and fails where its range is checked.
      const forgotten = token.value === undefined || (!token.inlineValue && /^--?[a-z]/i.test(token.value));
      if (forgotten) throw new UsageError(`--${token.name} needs a value: --${token.name} ${spec.value}`);
      values[token.name] = token.value;
    }
  }
  return new Arguments(values, positionals);
}

function unknownOption(typed: string, table: OptionTable): UsageError {
  const known = nearest(typed.replace(/^-+/, ''), Object.keys(table));
  const meant = known === null ? '' : `, did you mean --${known}?`;
  return new UsageError(`unknown option ${typed}${meant}`);
}

/**
 * Checks values against a schema of the contract.
 * @param flags option name by path in the schema (`reflection.steps`), to say which option is wrong
 * @throws UsageError naming the option and its range
 */
export function validated<S extends z.ZodType>(schema: S, input: z.input<S>, flags: Readonly<Record<string, string>>): z.output<S> {
  const checked = schema.safeParse(input);
  if (checked.success) return checked.data;
  const issue = checked.error.issues[0]!;
  const path = issue.path.join('.');
  throw new UsageError(`${flags[path] ?? path} ${demand(issue)}`);
}

function demand(issue: z.core.$ZodIssue): string {
  if (issue.code === 'too_big') return issue.origin === 'string' ? `holds ${issue.maximum} characters at the most` : `must be at most ${issue.maximum}`;
  if (issue.code === 'too_small') return issue.origin === 'string' ? 'must not be empty' : `must be at least ${issue.minimum}`;
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`;
  if (issue.code === 'invalid_type' && issue.expected === 'int') return 'must be a whole number';
  return `is not valid: ${issue.message}`;
}
