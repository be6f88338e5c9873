// The user's settings: stored in the library, announced to every window, obeyed by the engine.
import type { Settings } from '../contract/schemas.ts';
import type { Handlers, Services } from './services.ts';

export function settingsHandlers({ library, engine, events }: Services) {
  return {
    'settings.get': () => library.settings.get(),
    'settings.set': (changes) => {
      // The library passes over a key whose value is undefined.
      const settings = library.settings.set(changes as Partial<Settings>);
      engine.configure({ device: settings.device, threads: settings.threads });
      events.emit('settings.changed', settings);
      return settings;
    },
  } satisfies Partial<Handlers>;
}
