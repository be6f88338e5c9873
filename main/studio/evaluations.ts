// Evaluations behind the contract's calls.
import { StudioError } from '../contract/errors.ts';
import type { EvaluationPictureAddress } from '../contract/picture-address.ts';
import type { Handlers, Services } from './services.ts';

export class Evaluations {
  readonly services: Services;

  constructor(services: Services) {
    this.services = services;
  }

  picturePath({ evaluation }: EvaluationPictureAddress): string {
    throw unknown(evaluation);
  }

  async close(): Promise<void> {}
}

function unknown(id: string): StudioError {
  return new StudioError('not-found', `There is no evaluation ${id}.`);
}

export function evaluationHandlers(_: Evaluations) {
  const later = () => {
    throw new StudioError('unsupported', 'Evaluations cannot be run yet.');
  };
  return {
    'evaluations.plan': later,
    'evaluations.start': later,
    'evaluations.cancel': ({ evaluation }) => { throw unknown(evaluation); },
    'evaluations.resume': ({ evaluation }) => { throw unknown(evaluation); },
    'evaluations.list': () => ({ evaluations: [] }),
    'evaluations.get': ({ evaluation }) => { throw unknown(evaluation); },
    'evaluations.pictures': ({ evaluation }) => { throw unknown(evaluation); },
    'evaluations.delete': ({ evaluation }) => { throw unknown(evaluation); },
    'evaluations.restore': ({ evaluation }) => { throw unknown(evaluation); },
  } satisfies Partial<Handlers>;
}
