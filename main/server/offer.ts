// Offers an opened studio to this user's other processes: serves it on the loopback address and publishes that in the library.
import { serveStudio, type StudioServer } from './server.ts';
import type { StudioHost } from './host.ts';

/** A studio that owns its library, and so may say where it is reached. */
export interface OfferedStudio extends StudioHost {
  publish(address: { url: string; token: string }): void;
}

/**
 * Serves and publishes `studio`; every host does, so that whoever has the library can be attached to.
 * @throws StudioError as `serveStudio`, and `permission` or `disk-full` when the address cannot be written
 */
export async function offerStudio(studio: OfferedStudio, options: { port?: number; windowDir: string | null }): Promise<StudioServer> {
  const server = await serveStudio(studio, options);
  try {
    studio.publish({ url: server.origin, token: server.token });
    return server;
  } catch (error) {
    await server.close();
    throw error;
  }
}
