import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const eslint = new ESLint({ cwd: root });

async function complaints(file: string, code: string): Promise<(string | null)[]> {
  const [result] = await eslint.lintText(code, { filePath: join(root, file) });
  return result!.messages.map((message) => message.ruleId);
}

describe('the order of the layers is kept by the linter', () => {
  it.each([
    ['renderer/probe.ts', '../main/studio.ts'],
    ['renderer/probe.ts', '../main/library/library.ts'],
    ['main/contract/probe.ts', '../server/server.ts'],
    ['main/library/probe.ts', '../cli/options.ts'],
    ['main/graph/probe.ts', '../library/library.ts'],
    ['main/checkpoints/probe.ts', '../diffusion/pipeline.ts'],
    ['main/storybook/probe.ts', '../library/library.ts'],
    ['main/server/probe.ts', '../cli/options.ts'],
    ['main/studio/probe.ts', '../server/server.ts'],
    ['main/engine/probe.ts', '../studio.ts'],
    ['main/engine/deep/er/probe.ts', '../../../studio/runs.ts'],
    ['main/studio.ts', './server/server.ts'],
  ])('%s may not import %s', async (file, imported) => {
    expect(await complaints(file, `export * from '${imported}';\n`)).toEqual(['layers/order']);
  });

  it.each([
    ['renderer/probe.ts', '../main/contract/contract.ts'],
    ['main/library/probe.ts', '../contract/errors.ts'],
    ['main/diffusion/probe.ts', '../checkpoints/registry.ts'],
    ['main/cli/probe.ts', '../server/server.ts'],
    ['main/library/probe.ts', './lock.ts'],
    ['main/server/probe.ts', '../studio.ts'],
    ['main/studio.ts', './studio/runs.ts'],
    ['main/library/probe.test.ts', '../cli/options.ts'],
  ])('%s may import %s', async (file, imported) => {
    expect(await complaints(file, `export * from '${imported}';\n`)).toEqual([]);
  });

  it.each([
    "export { x } from '../studio.ts';",
    "export const x = await import('../studio.ts');",
    "export type X = import('../studio.ts').Studio;",
    "import type { Studio } from '../studio.ts';\nexport type X = Studio;",
    "import '../studio.ts';",
  ])('sees every form of import: %s', async (code) => {
    expect(await complaints('main/graph/probe.ts', `${code}\n`)).toContain('layers/order');
  });

  it('only the shell knows Electron', async () => {
    const code = "export { app } from 'electron';\n";
    expect(await complaints('main/server/probe.ts', code)).toEqual(['no-restricted-imports']);
    expect(await complaints('electron/probe.ts', code)).toEqual([]);
  });

  it('reads components of the window too', async () => {
    const code = "<script setup lang=\"ts\">\nimport { openLibrary } from '../../main/library/library.ts';\nvoid openLibrary;\n</script>\n<template><p>text</p></template>\n";
    expect(await complaints('renderer/components/Probe.vue', code)).toEqual(['layers/order']);
  });
});
