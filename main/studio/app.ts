// What the studio says of itself: versions, devices, places, room; and what the engine is doing.
import { statfs } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { toErrorData } from '../contract/errors.ts';
import type { Doctor, EngineStatus } from '../contract/schemas.ts';
import { resolveThreads } from '../engine/device-selection.ts';
import manifest from '../../package.json' with { type: 'json' };
import { sqliteVersion } from './sqlite-version.ts';
import type { Handlers, Services } from './services.ts';

/**
 * The engine's state as a person sees it: `queued` counts runs, not jobs, and between the pictures of a run the engine is busy.
 */
export function statusOf({ engine, work }: Pick<Services, 'engine' | 'work'>): EngineStatus {
  const status = engine.status();
  return { ...status, state: status.state === 'idle' && work.size > 0 ? 'busy' : status.state, queued: work.size };
}

/** Starts the engine to hear its own versions. An engine that does not start is a finding, not an error. */
async function doctor({ library, engine }: Services, paths: Readonly<Record<string, string>>): Promise<Doctor> {
  const problem = await engine.start().then(() => null, (thrown: unknown) => toErrorData(thrown).message);
  const { bavail, bsize } = await statfs(library.dir);
  return {
    studio: manifest.version,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    onnxruntime: engine.runtime ?? `not available: ${problem ?? 'the engine did not say'}`,
    sqlite: sqliteVersion(),
    threads: resolveThreads(library.settings.get().threads),
    devices: await engine.devices(),
    paths: { library: library.dir, ...paths },
    freeDiskBytes: bavail * bsize,
    memoryBytes: totalmem(),
  };
}

export function appHandlers(services: Services, paths: Readonly<Record<string, string>>) {
  return {
    'app.doctor': () => doctor(services, paths),
    'app.status': () => statusOf(services),
  } satisfies Partial<Handlers>;
}
