// How the engine and the line to the host are, for the top bar.
import { defineStore } from 'pinia';
import { ref } from 'vue';
import type { Connection } from '../client/client.ts';
import type { EngineStatus } from '../../main/contract/schemas.ts';
import { useClient } from './client.ts';

export const useEngine = defineStore('engine', () => {
  const client = useClient();
  const status = ref<EngineStatus | null>(null);
  const connection = ref<Connection>('connecting');

  client.on('engine.status', (next) => {
    status.value = next;
  });
  client.onConnection((next) => {
    connection.value = next;
  });

  async function load(): Promise<void> {
    const result = await client.call('app.status', {});
    if (result.ok) status.value = result.value;
  }

  return { status, connection, load };
});
