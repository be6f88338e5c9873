// `studio serve`: the window in any browser of this machine, until Ctrl+C.
import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { z } from 'zod';
import { StudioError } from '../../contract/errors.ts';
import type { Command } from '../command.ts';
import { hasDisplay, openInBrowser } from '../display.ts';
import { validated } from '../options.ts';
import { openOwnStudio } from '../session.ts';
import { windowDir } from '../places.ts';

const Port = z.int().min(0).max(65535);

export const serve: Command = {
  name: 'serve',
  summary: 'Serve the window to a browser on this machine; prints the address and its token.',
  synopsis: '',
  options: {
    port: { value: 'N', help: 'port on 127.0.0.1 (default: any free one)' },
    open: { help: 'open the address in the default browser' },
    allow: { value: 'DIR', help: `a folder of prompts or pictures that jobs may learn from; several with ${delimiter} between them` },
  },
  async run({ args, terminal, libraryDir, modelDirs, signal }) {
    args.none();
    const port = validated(Port, args.number('port') ?? 0, { '': '--port' });
    const allowed = args.text('allow')?.split(delimiter).filter((path) => path !== '') ?? [];
    await buildOnce((text) => terminal.note(text));
    const studio = await openOwnStudio({ libraryDir, modelDirs, port, windowDir, allowedPaths: allowed.map((path) => resolve(path)) });
    try {
      const { url, token } = studio.server;
      const text = `TeEFusion Studio is at\n\n  ${url}\n\nThe token in the address is for you alone. Press Ctrl+C to stop.`;
      terminal.result({ url, token, port: studio.server.port }, text);
      if (args.has('open') && hasDisplay()) openInBrowser(url);
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      terminal.note('Stopping …');
    } finally {
      await studio.close();
    }
  },
};

/** In a fresh checkout there is no window yet. A stale one is served as it is: `npm start` and `npm run build` renew it. */
async function buildOnce(note: (text: string) => void): Promise<void> {
  if (existsSync(join(windowDir, 'index.html'))) return;
  note('Building the window, once …');
  const { build } = await import('../../../scripts/window-build.ts');
  // stdout belongs to the address.
  if (!(await build('stderr'))) throw new StudioError('internal', 'The window could not be built.', { hint: 'What the bundler said stands above.' });
}
