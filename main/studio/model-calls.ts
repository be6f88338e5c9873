// What the contract offers about models and prompts.
import type { Handlers, Services } from './services.ts';

export function modelHandlers({ models }: Services) {
  return {
    'models.list': () => models.list(),
    'models.vocabulary': ({ model }) => models.vocabulary(model),
    'prompt.check': ({ model, prompt }) => models.checkPrompt(model, prompt),
  } satisfies Partial<Handlers>;
}
