// Whether a person can see a window on this machine, and opening an address in their browser.
import { spawn } from 'node:child_process';

/** A screen for a desktop window: always on Windows and macOS, elsewhere an X or Wayland display. */
export function hasDisplay(platform: NodeJS.Platform = process.platform, env: NodeJS.ProcessEnv = process.env): boolean {
  if (platform === 'win32' || platform === 'darwin') return true;
  const set = (name: string) => env[name] !== undefined && env[name] !== '';
  return set('DISPLAY') || set('WAYLAND_DISPLAY');
}

/** Opens `url` in the default browser; says nothing when there is none, for the address is printed anyway. */
export function openInBrowser(url: string): void {
  const [command, args] =
    process.platform === 'win32' ? ['cmd', ['/c', 'start', '', url]]
    : process.platform === 'darwin' ? ['open', [url]]
    : ['xdg-open', [url]];
  const child = spawn(command as string, args as string[], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}
