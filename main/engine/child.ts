// One engine process as an object: messages in and out, its death, the last it wrote to stderr.
// The only module of the host that starts engine processes; knows nothing of jobs.
import { fork, type ChildProcess, type Serializable } from 'node:child_process';
import { parseEngineMessage, type EngineMessage, type HostMessage } from './messages.ts';

export interface EngineCommand {
  /** The Node binary. */
  readonly node: string;
  /** The entry file: `process.ts`, or what it was built to. */
  readonly entry: string;
  /** Added to the host's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Death {
  readonly code: number | null;
  readonly signal: string | null;
  /** The last few kilobytes of its standard error. */
  readonly stderr: string;
}

const stderrKept = 4_000;

export interface ChildHandlers<Received> {
  onMessage(message: Received): void;
  /** Called once, also when the process cannot be started at all. */
  onDeath(death: Death): void;
}

/** A process that takes `Sent` messages and answers with `Received` ones. */
export class Child<Sent, Received> {
  readonly #child: ChildProcess;
  #stderr = '';
  #dead = false;

  /** Starts the process. `parse`: null for what is no message of this kind of process. */
  constructor(command: EngineCommand, parse: (value: unknown) => Received | null, handlers: ChildHandlers<Received>) {
    this.#child = fork(command.entry, [], {
      execPath: command.node,
      execArgv: [],
      serialization: 'advanced',
      // Standard output belongs to the host: the command line prints JSON there.
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, ...command.env },
      windowsHide: true,
    });
    const die = (code: number | null, signal: string | null) => {
      if (this.#dead) return;
      this.#dead = true;
      handlers.onDeath({ code, signal, stderr: this.#stderr });
    };
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-stderrKept);
    });
    this.#child.on('message', (value) => {
      const message = parse(value);
      if (message !== null && !this.#dead) handlers.onMessage(message);
    });
    this.#child.on('error', (error) => {
      this.#stderr += error.message;
      if (this.#child.pid === undefined) die(null, null);
    });
    // `close` comes after the last of stderr, which tells why it died.
    this.#child.on('close', die);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** A message to a process that is dying is lost; its death is reported all the same. */
  send(message: Sent): void {
    if (this.#child.connected) this.#child.send(message as Serializable, () => {});
  }

  /** Ends the process at once, whatever it does. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** A process that samples. */
export class EngineChild extends Child<HostMessage, EngineMessage> {
  constructor(command: EngineCommand, handlers: ChildHandlers<EngineMessage>) {
    super(command, parseEngineMessage, handlers);
  }
}
