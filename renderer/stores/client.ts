// How stores reach the host: the client that main.ts provided to the app.
import { inject } from 'vue';
import { clientKey, type WindowClient } from '../client/client.ts';

/** To be called in a store's or component's setup. */
export function useClient(): WindowClient {
  const client = inject(clientKey);
  if (client === undefined) throw new Error('No studio client was provided to the app.');
  return client;
}
