// `studio doctor`: versions, devices and what each said, folders, free disk.
import type { Command } from '../command.ts';
import { unlessInterrupted } from '../interrupt.ts';
import { table } from '../terminal.ts';
import { unwrap } from '../watch-run.ts';

export const doctor: Command = {
  name: 'doctor',
  summary: 'Say what this machine can do: versions, devices and their answers, folders, free disk.',
  synopsis: '',
  options: {},
  async run({ args, terminal, studio, signal }) {
    args.none();
    const session = await studio();
    const report = unwrap(await unlessInterrupted(session.call('app.doctor', {}), signal));
    const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
    const facts = [
      ['studio', report.studio],
      ['node', report.node],
      ['platform', report.platform],
      ['onnxruntime', report.onnxruntime],
      ['sqlite', report.sqlite],
      ['threads', String(report.threads)],
      ['memory', gigabytes(report.memoryBytes)],
      ['free disk', gigabytes(report.freeDiskBytes)],
    ];
    const paths = Object.entries(report.paths).map(([what, path]) => [`  ${what}`, path]);
    const devices = report.devices.map(({ provider, usable, chosen, reason }) => [
      `  ${provider}`, chosen ? 'chosen' : usable ? 'usable' : 'not usable', reason,
    ]);
    terminal.result(report, `${table(facts)}\npaths\n${table(paths)}\ndevices\n${table(devices)}`);
  },
};
