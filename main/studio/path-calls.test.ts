import { expect, it } from 'vitest';
import { AllowedPaths } from './jobs-paths.ts';
import { pathHandlers } from './path-calls.ts';

it('what a person picks is allowed from then on; picking nothing changes nothing', async () => {
  const allowed = new AllowedPaths(['/given']);
  const answers = ['/picked', null];
  const calls = pathHandlers(allowed, (what) => Promise.resolve(what === 'folder' ? answers.shift()! : expect.fail('asked for a file')));
  expect(await calls['paths.pick']({ what: 'folder' })).toEqual({ path: '/picked' });
  expect(await calls['paths.pick']({ what: 'folder' })).toEqual({ path: null });
  expect(calls['paths.allowed']()).toEqual({ paths: ['/given', '/picked'], dialog: true });
});

it('a host without a screen says so, and how else to name a path', async () => {
  const calls = pathHandlers(new AllowedPaths(), null);
  expect(calls['paths.allowed']()).toEqual({ paths: [], dialog: false });
  await expect(calls['paths.pick']({ what: 'file' })).rejects.toMatchObject({ code: 'unsupported', hint: expect.stringContaining('--allow') });
});
