// `studio metrics`: the metrics that a person has registered in a library. Reads folders only, so it works while another process has it.
import { join } from 'node:path';
import { registeredMetrics } from '../../studio/evaluation-metrics.ts';
import type { Command } from '../command.ts';
import { table } from '../terminal.ts';

export const metrics: Command = {
  name: 'metrics',
  summary: 'List the metrics of your own that evaluations show as columns.',
  synopsis: '',
  options: {},
  async run({ args, terminal, libraryDir }) {
    args.none();
    const found = (await registeredMetrics(libraryDir)).map(({ info }) => info);
    const rows = found.map(({ id, name, kind, higherIsBetter, problem }) =>
      [id, problem === null ? kind : 'damaged', problem ?? name, problem === null ? (higherIsBetter ? 'higher is better' : 'lower is better') : '']);
    terminal.result(found, rows.length === 0 ? `There are none. Put a folder with a metric.json into ${join(libraryDir, 'metrics')}.` : table(rows));
  },
};
