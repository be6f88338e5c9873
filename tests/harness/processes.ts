// Which processes the machine runs below another one, for tests that kill one of them.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface RunningProcess {
  pid: number;
  parent: number;
  command: string;
}

/** Children of `pid` and theirs. Linux and macOS. */
export function processesBelow(pid: number): RunningProcess[] {
  const all = process.platform === 'linux' ? fromProc() : fromPs();
  const below = (parent: number): RunningProcess[] => all.filter((one) => one.parent === parent).flatMap((one) => [one, ...below(one.pid)]);
  return below(pid);
}

/** Without `ps`, which a bare machine may lack. */
function fromProc(): RunningProcess[] {
  return readdirSync('/proc').filter((name) => /^\d+$/u.test(name)).flatMap((name) => {
    try {
      // "pid (name) state parent …": the name may hold anything, so what follows its last bracket is read.
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      return [{ pid: Number(name), parent, command: readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() }];
    } catch {
      return []; // it has ended meanwhile
    }
  });
}

function fromPs(): RunningProcess[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,command='], { encoding: 'utf8' }).split('\n').flatMap((line) => {
    const found = /^\s*(\d+)\s+(\d+)\s+(.*)$/u.exec(line);
    return found === null ? [] : [{ pid: Number(found[1]), parent: Number(found[2]), command: found[3]! }];
  });
}
