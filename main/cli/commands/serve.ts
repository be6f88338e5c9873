// `studio serve`: the window in any browser of this machine, until Ctrl+C.
import { z } from 'zod';
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
  },
  async run({ args, terminal, libraryDir, modelDirs, signal }) {
    args.none();
    const port = validated(Port, args.number('port') ?? 0, { '': '--port' });
    const studio = await openOwnStudio({ libraryDir, modelDirs, port, windowDir });
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
