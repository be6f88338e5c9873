// Finds a Chromium for the end-to-end tests, or installs the distribution's where that is allowed.
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './tools.ts';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'microsoft-edge'];
const fixedPlaces: Partial<Record<NodeJS.Platform, string[]>> = {
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
  win32: ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((variable) => {
    const folder = process.env[variable];
    return folder === undefined ? [] : [
      join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe'),
      join(folder, 'Microsoft', 'Edge', 'Application', 'msedge.exe'),
    ];
  }),
};

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Path of an installed Chromium: TEEFUSION_CHROMIUM, the search path, then the platform's usual places; null when none is there. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | null {
  const override = env['TEEFUSION_CHROMIUM'];
  if (override !== undefined && override !== '') return isExecutable(override) ? override : null;
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const candidates = [
    ...folders.flatMap((folder) => names.map((name) => join(folder, name))),
    ...(fixedPlaces[process.platform] ?? []),
  ];
  return candidates.find(isExecutable) ?? null;
}

/** May this process install packages of its distribution? Only root on a Debian may. */
export function canInstall(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
}

/**
 * A Chromium, installed first when there is none and that is allowed.
 * @returns its path, or the reason why there is none
 */
export async function ensureChromium(): Promise<{ path: string } | { reason: string }> {
  const found = findChromium();
  if (found !== null) return { path: found };
  if (!canInstall()) return { reason: 'no Chromium or Chrome on this machine (set TEEFUSION_CHROMIUM to one)' };
  process.stdout.write('No Chromium found: installing the distribution\'s (apt-get install chromium) …\n');
  const options = { limitSeconds: 240, env: { DEBIAN_FRONTEND: 'noninteractive' }, output: 'none' as const };
  await run('apt-get', ['update'], options);
  await run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], options);
  const installed = findChromium();
  return installed === null ? { reason: 'no Chromium on this machine, and apt-get could not install one' } : { path: installed };
}
