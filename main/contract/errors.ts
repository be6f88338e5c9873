// Errors as data: what crosses a process or network boundary when something goes wrong.
// Knows nothing of transports; every layer of the host may throw StudioError.
import { z } from 'zod';

export const errorCodes = [
  'invalid-input', // the caller's values are out of range or of the wrong form
  'not-found', // a model, run or image that does not exist
  'cancelled', // a person stopped it
  'busy', // the queue or the engine takes no more work now
  'engine-crashed', // the engine process died; the host has started a new one
  'out-of-memory',
  'unsupported', // this machine, device or checkpoint cannot do it
  'corrupt-file', // a file is not what its name or header says
  'disk-full',
  'permission', // the operating system or the studio's own rules forbid it
  'library-locked', // another process owns the library
  'library-from-future', // written by a newer version of the studio
  'timeout',
  'internal', // a defect of the studio
] as const;

export const ErrorCode = z.enum(errorCodes);
export type ErrorCode = z.infer<typeof ErrorCode>;

/** What happened (`message`), and what a person can do about it (`hint`). */
export const ErrorData = z.object({
  code: ErrorCode,
  message: z.string(),
  hint: z.string().optional(),
  details: z.string().optional(),
});
export type ErrorData = z.infer<typeof ErrorData>;

export type Result<T> = { ok: true; value: T } | { ok: false; error: ErrorData };

/** The one exception type of the host. Anything else that is thrown is reported as `internal`. */
export class StudioError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; details?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'StudioError';
    this.code = code;
    this.hint = options.hint;
    this.details = options.details;
  }
}

/** Turns anything thrown into data that may leave the process. */
export function toErrorData(thrown: unknown): ErrorData {
  if (thrown instanceof StudioError) {
    return {
      code: thrown.code,
      message: thrown.message,
      ...(thrown.hint !== undefined && { hint: thrown.hint }),
      ...(thrown.details !== undefined && { details: thrown.details }),
    };
  }
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return { code: 'internal', message: error.message, ...(error.stack !== undefined && { details: error.stack }) };
}

export function fromErrorData(data: ErrorData): StudioError {
  return new StudioError(data.code, data.message, {
    ...(data.hint !== undefined && { hint: data.hint }),
    ...(data.details !== undefined && { details: data.details }),
  });
}
