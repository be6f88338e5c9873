// Counts what one run costs and stops it when asked. It stands between sampler and model, so that neither has to know of cost or cancellation.
import { setImmediate } from 'node:timers/promises';
import { StudioError } from '../contract/errors.ts';
import type { VelocityModel } from './model.ts';

export class RunMeter {
  /** Branches evaluated so far. */
  nfe = 0;
  /** Time inside network evaluations, milliseconds. */
  networkMs = 0;
  readonly #signal: AbortSignal | undefined;

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** The same model, metered; its evaluations throw StudioError `cancelled` once the signal is aborted. */
  attach(model: VelocityModel): VelocityModel {
    return {
      latentShape: model.latentShape,
      velocity: async (latents, sigma, conditions) => {
        await this.breathe();
        const started = performance.now();
        const velocities = await model.velocity(latents, sigma, conditions);
        this.networkMs += performance.now() - started;
        this.nfe += conditions.length;
        return velocities;
      },
    };
  }

  /**
   * Lets the event loop turn, then stops a cancelled run. ONNX Runtime blocks the loop while it computes and settles in a microtask, so
   * without this pause the message that asks for the stop would be read only after the last step.
   * @throws StudioError `cancelled`
   */
  async breathe(): Promise<void> {
    await setImmediate();
    if (this.#signal?.aborted) throw new StudioError('cancelled', 'The run was cancelled.');
  }
}
