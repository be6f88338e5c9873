import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultLibraryDir } from './location.ts';

describe('defaultLibraryDir', () => {
  const home = '/home/ada';

  it.each([
    ['linux', {}, join(home, '.local', 'share', 'teefusion-studio')],
    ['linux', { XDG_DATA_HOME: '/data' }, join('/data', 'teefusion-studio')],
    ['linux', { XDG_DATA_HOME: 'relative' }, join(home, '.local', 'share', 'teefusion-studio')],
    ['darwin', {}, join(home, 'Library', 'Application Support', 'TeEFusion Studio')],
    ['win32', { APPDATA: '/appdata' }, join('/appdata', 'TeEFusion Studio')],
    ['win32', {}, join(home, 'AppData', 'Roaming', 'TeEFusion Studio')],
    ['darwin', { TEEFUSION_LIBRARY: 'here' }, resolve('here')],
  ] as const)('on %s with %o', (platform, env, expected) => {
    expect(defaultLibraryDir({ platform, env, home })).toBe(expected);
  });
});
