// Live guidance: a student's preview for the newest position of a slider. Nothing here is stored.
// A run is never disturbed: while one waits or works, the newest request waits for it.
import { StudioError, toErrorData } from '../contract/errors.ts';
import type { LiveRequest } from '../contract/schemas.ts';
import { rgbPicture } from './picture-making.ts';
import type { Handlers, Services } from './services.ts';

interface Ticket {
  readonly ticket: number;
  readonly request: LiveRequest;
}

export class Live {
  readonly #services: Services;
  #tickets = 0;
  /** The newest request that is not being rendered yet. */
  #wanted: Ticket | null = null;
  #rendering: AbortController | null = null;
  #loop: Promise<void> = Promise.resolve();

  constructor(services: Services) {
    this.#services = services;
  }

  /** The answer comes as `live.frame` or `live.failed`; a request that a newer one replaces fails with 'cancelled'. */
  request(request: LiveRequest): number {
    const ticket = ++this.#tickets;
    this.#drop();
    this.#wanted = { ticket, request };
    if (this.#rendering === null) this.#loop = this.#work();
    return ticket;
  }

  /** Forgets what is wanted and stops what is rendered; resolves when nothing is rendered any more. */
  async stop(): Promise<void> {
    this.#drop();
    this.#rendering?.abort();
    await this.#loop;
  }

  #drop(): void {
    if (this.#wanted !== null) this.#fail(this.#wanted.ticket, new StudioError('cancelled', 'A newer preview was asked for, or none any more.'));
    this.#wanted = null;
  }

  async #work(): Promise<void> {
    this.#rendering = new AbortController();
    while (this.#wanted !== null && !this.#rendering.signal.aborted) {
      await this.#services.work.whenIdle();
      // What was asked for meanwhile is newer than what began to wait.
      const wanted = this.#wanted;
      if (wanted === null) break;
      this.#wanted = null;
      await this.#render(wanted, this.#rendering.signal).catch((thrown: unknown) => this.#fail(wanted.ticket, thrown));
    }
    this.#rendering = null;
    if (this.#wanted !== null) await this.#work();
  }

  async #render({ ticket, request }: Ticket, signal: AbortSignal): Promise<void> {
    const { models, engine, events } = this.#services;
    const { student, ...picture } = request;
    const job = { ...picture, model: await models.ref(student), sampler: 'euler' as const, reflection: {} };
    const { nfe, samplingMs, decodeMs, picture: made } = await engine.live(job, { signal });
    events.emit('live.frame', {
      ticket, guidance: request.guidance, steps: request.steps, ms: samplingMs + decodeMs, nfe, picture: rgbPicture(made),
    });
  }

  #fail(ticket: number, thrown: unknown): void {
    this.#services.events.emit('live.failed', { ticket, error: toErrorData(thrown) });
  }
}

export function liveHandlers(live: Live) {
  return {
    'live.request': (request) => ({ ticket: live.request(request) }),
    'live.stop': async () => {
      await live.stop();
      return {};
    },
  } satisfies Partial<Handlers>;
}
