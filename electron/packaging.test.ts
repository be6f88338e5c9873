// Checks electron-builder.yml with electron-builder's own reader, schema and file filters; builds nothing.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, sep } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const require = createRequire(import.meta.url);
const { DebugLogger } = require('builder-util');
const { getConfig, validateConfiguration } = require('app-builder-lib/out/util/config/config.js');
const { FileMatcher, getNodeModuleFileMatcher } = require('app-builder-lib/out/fileMatcher.js');

interface Resource { from: string; to: string; filter?: string[] }
interface PlatformConfig { icon: string; extraResources: Resource[] }
interface Config { files: string[]; asarUnpack: string[]; extraResources: Resource[]; win: PlatformConfig; mac: PlatformConfig; linux: PlatformConfig }

const expand = (platform: string, arch: string) => (pattern: string) => pattern.replaceAll('${platform}', platform).replaceAll('${arch}', arch);

let config: Config;
beforeAll(async () => {
  config = await getConfig(root, null, null);
});

/** Does the package for this platform hold this file of node_modules? */
function ships(platform: string, arch: string): (file: string) => boolean {
  const packager = { config, debugLogger: new DebugLogger(false) };
  const matcher = getNodeModuleFileMatcher(root, join(root, 'dist'), expand(platform, arch), {}, packager);
  expect(matcher).toBeInstanceOf(FileMatcher);
  const filter = matcher.createFilter();
  const file = { isDirectory: () => false };
  return (path) => filter(join(root, path), file);
}

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((name) => join(dir, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => relative(root, path).split(sep).join('/'));
}

describe('the installers\' configuration', () => {
  it('is what electron-builder accepts', async () => {
    await validateConfiguration(config, new DebugLogger(false));
    await expect(validateConfiguration({ ...config, asarUnpacked: true }, new DebugLogger(false))).rejects.toThrow('asarUnpacked');
  });

  it('ships the runtime of its own platform only, and no bundled package twice', () => {
    const linux = ships('linux', 'x64');
    const runtimes = filesBelow(join(root, 'node_modules/onnxruntime-node/bin'));
    const shipped = runtimes.filter(linux);
    expect(shipped).toContain(runtimes.find((file) => file.endsWith('linux/x64/onnxruntime_binding.node')));
    expect(shipped.every((file) => file.includes('/linux/x64/'))).toBe(true);
    expect(runtimes.filter(ships('darwin', 'arm64')).every((file) => file.includes('/darwin/arm64/'))).toBe(true);

    const databases = filesBelow(join(root, 'node_modules/better-sqlite3/prebuilds'));
    expect(databases.filter(ships('win32', 'x64'))).toEqual(['node_modules/better-sqlite3/prebuilds/win32-x64.node']);
    expect(databases.filter(linux)).toContain('node_modules/better-sqlite3/prebuilds/linux-x64.node');

    for (const needed of [
      'node_modules/onnxruntime-node/dist/index.js', 'node_modules/onnxruntime-common/package.json', 'node_modules/better-sqlite3/lib/index.js',
      'node_modules/sharp/package.json', 'node_modules/detect-libc/package.json', 'node_modules/semver/package.json', 'node_modules/@img/colour/package.json',
    ]) {
      expect(existsSync(join(root, needed)), needed).toBe(true);
      expect(linux(needed), needed).toBe(true);
    }
    for (const bundled of ['node_modules/@tensorflow/tfjs/package.json', 'node_modules/zod/package.json', 'node_modules/ws/index.js', 'node_modules/better-sqlite3/deps/sqlite3/sqlite3.c']) {
      expect(linux(bundled), bundled).toBe(false);
    }
  });

  it('puts what plain Node reads outside app.asar, and Node itself beside it', () => {
    expect(config.asarUnpack).toEqual(expect.arrayContaining(['out/main/**', 'node_modules/**']));
    for (const platform of [config.win, config.mac, config.linux]) expect(platform.extraResources.map((resource) => resource.to)).toContain('node');
    expect(config.extraResources.map((resource) => resource.to)).toEqual(expect.arrayContaining(['models', 'icon.png']));
  });

  it.runIf(process.platform === 'linux')('finds the Node it ships', () => {
    for (const { from, filter } of config.linux.extraResources) {
      for (const name of filter ?? []) expect(existsSync(join(root, expand(process.platform, process.arch)(from), name))).toBe(true);
    }
  });

  it('has an icon large enough for every platform', async () => {
    for (const icon of new Set([config.win.icon, config.mac.icon, config.linux.icon])) {
      const { width, height, format } = await sharp(join(root, icon)).metadata();
      expect({ width, height, format }).toEqual({ width: 1024, height: 1024, format: 'png' });
    }
  });
});
