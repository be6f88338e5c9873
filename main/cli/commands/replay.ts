// `studio replay`: makes a stored picture again from its recorded settings and compares the two.
import { Id } from '../../contract/schemas.ts';
import type { Command } from '../command.ts';
import { unlessInterrupted } from '../interrupt.ts';
import { validated } from '../options.ts';
import { unwrap } from '../watch-run.ts';

export const replay: Command = {
  name: 'replay',
  summary: 'Make a stored picture again and tell whether it is the same, byte for byte.',
  synopsis: 'IMAGE_ID',
  options: {},
  async run({ args, terminal, studio, signal }) {
    const image = validated(Id, args.only('the image\'s id'), { '': 'the image\'s id' });
    const session = await studio();
    const result = unwrap(await unlessInterrupted(session.call('images.replay', { image }), signal));
    const words = result.identical
      ? 'identical, byte for byte'
      : `${result.withinTolerance ? 'the same within the tolerance' : 'different'}: PSNR ${result.psnr?.toFixed(1) ?? '?'} dB` +
        (result.sameConditions ? '' : ' (another device, thread count or runtime than then)');
    terminal.result(result, words);
  },
};
