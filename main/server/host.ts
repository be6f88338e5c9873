// What the loopback server needs of a studio. Knows nothing of how a studio works or of HTTP.
import type { EventData, EventName, Unsubscribe } from '../contract/contract.ts';
import type { Result } from '../contract/errors.ts';
import type { EvaluationPictureAddress } from '../contract/picture-address.ts';

export interface StudioHost {
  /** Validates the input, never throws. An unknown name is an `invalid-input` or `not-found` error. */
  call(name: string, input: unknown): Promise<Result<unknown>>;
  on<E extends EventName>(name: E, listener: (data: EventData<E>) => void): Unsubscribe;
  /** File of a stored image; throws StudioError('not-found') or answers null when there is none of that id. */
  imagePath(image: string): string | null | Promise<string | null>;
  /** File of a picture that an evaluation drew; throws StudioError('not-found') when there is no such evaluation. The file may be missing. */
  evaluationPicturePath(address: EvaluationPictureAddress): string;
}
