// `studio models`: the models of this machine. Reads folders only, so it works while another process has the library.
import { ModelRegistry } from '../../checkpoints/registry.ts';
import type { Command } from '../command.ts';
import { modelFolders } from '../places.ts';
import { table } from '../terminal.ts';

export const models: Command = {
  name: 'models',
  summary: 'List the models: embedded ones, the library\'s own and those of --models.',
  synopsis: '',
  options: {},
  async run({ args, terminal, libraryDir, modelDirs }) {
    args.none();
    const found = await new ModelRegistry(modelFolders(libraryDir, modelDirs)).list();
    const rows = found.map((model) => [
      model.id,
      model.problem === null ? model.kind : 'damaged',
      `${model.width}×${model.height}`,
      `${(model.bytes / 1e6).toFixed(1)} MB`,
      model.problem ?? (model.teacher === null ? '' : `of ${model.teacher}, distilled from ${model.distilledFrom ?? 'an unknown sampler'}`),
    ]);
    terminal.result(found, rows.length === 0 ? 'There are no models yet.' : table(rows));
  },
};
